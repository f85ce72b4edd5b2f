provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.58.0"
  constraints = "~> 5.50"
  hashes = [
    "h1:{{corpus.sha256-base64}}",
    "zh:{{corpus.sha256}}",
    "zh:{{corpus.sha256}}",
  ]
}
