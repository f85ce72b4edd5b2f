import Config

config :chatbot, ChatbotWeb.Endpoint,
  secret_key_base: "{{corpus.base64-key-64}}",
  live_view: [signing_salt: "{{corpus.short-id}}"]

config :chatbot, Chatbot.Repo,
  username: "chatbot",
  password: "{{corpus.password}}",
  hostname: System.get_env("DB_HOST")

config :chatbot, :discord,
  token: "{{discord.bot-token}}",
  client_id: 417702331958661234,
  webhook: "https://discord.com/api/webhooks/1128374650192837465/{{discord.webhook-url}}"

config :chatbot, :openai, api_key: System.fetch_env!("OPENAI_API_KEY")
config :chatbot, :notion, token: "{{notion.integration-token}}"
