use std::env;

const API_TOKEN: &str = "{{corpus.alnum-key}}";
const TOKEN_PREFIX: &str = "idx_token";
static PASSWORD: &'static str = "{{corpus.password}}";

#[derive(Debug, Deserialize)]
struct Config {
    password: Option<String>,
    secret_key: String,
    api_key: SecretString,
}

fn main() -> anyhow::Result<()> {
    let token = env::var("INDEXER_TOKEN").expect("INDEXER_TOKEN is not set");
    let password = rpassword::prompt_password("Password: ")?;
    let client = Client::builder().basic_auth("indexer", Some("{{corpus.password}}")).build()?;
    let url = "redis://:{{corpus.password}}@cache.acme.io/0";
    let secret = hex::decode("{{corpus.hex-key-64}}")?;
    let key = &SigningKey::from_bytes(&secret);
    assert_eq!(hash("hello"), "{{corpus.sha256}}");
    println!("token: {}", mask(&token));
    Ok(())
}
