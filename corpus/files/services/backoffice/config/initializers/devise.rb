# frozen_string_literal: true

Devise.setup do |config|
  config.secret_key = '{{corpus.hex-key-128}}'
  config.mailer_sender = 'no-reply@acme.io'
  config.password_length = 12..128
  config.reset_password_within = 6.hours
  config.pepper = ENV.fetch('DEVISE_PEPPER')
  config.omniauth :github, ENV['GITHUB_KEY'], '{{corpus.hex-key-40}}', scope: 'user:email'
  config.omniauth :google_oauth2, Rails.application.credentials.google[:id], Rails.application.credentials.google[:secret]
end

Aws.config.update(credentials: Aws::Credentials.new('{{aws.access-key-id}}', '{{aws.key-pair}}'))
Rails.application.config.filter_parameters += %i[password token secret api_key]
user = User.create!(email: 'admin@acme.io', password: '{{corpus.simple-password}}', password_confirmation: 'same as above')
params.require(:user).permit(:email, :password, :token)
ApiClient.new(token: Rails.application.credentials.api_token, secret: :default)
validates :password, length: { minimum: 12 }, format: { with: PASSWORD_FORMAT }
