export PATH="$HOME/bin:$PATH"
export EDITOR=vim
export HOMEBREW_GITHUB_API_TOKEN={{github.personal-access-token}}
export OPENAI_API_KEY="{{openai.api-key}}"
export ANTHROPIC_API_KEY={{anthropic.api-key}}
export VAULT_TOKEN="$(cat ~/.vault-token)"
export KEYTIMEOUT=1
export GPG_KEY_ID=0x3F2A9C71D4E85B60
export SSH_KEY_PATH="~/.ssh/id_rsa"
alias token='pass show acme/token'
bindkey '^[[A' history-substring-search-up
plugins=(git docker kubectl ssh-agent)
