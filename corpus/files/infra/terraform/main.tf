terraform {
  required_version = ">= 1.6"
  backend "s3" {
    bucket     = "acme-terraform-state"
    key        = "prod/network/terraform.tfstate"
    region     = "eu-central-1"
    kms_key_id = "arn:aws:kms:eu-central-1:417702331958:key/{{corpus.uuid}}"
  }
}

provider "aws" {
  region     = var.region
  access_key = "{{aws.access-key-id}}"
  secret_key = "{{aws.key-pair}}"
}

provider "cloudflare" {
  email     = "ops@acme.io"
  api_token = var.cloudflare_api_token
}

provider "datadog" {
  api_key = data.aws_secretsmanager_secret_version.datadog.secret_string
}

resource "random_password" "db" {
  length           = 24
  override_special = "!#-_=+"
}

resource "aws_db_instance" "billing" {
  identifier                  = "billing"
  engine                      = "postgres"
  username                    = "billing"
  password                    = random_password.db.result
  manage_master_user_password = false
}

resource "aws_db_instance" "legacy" {
  identifier = "legacy"
  username   = "root"
  password   = "{{corpus.symbol-password}}"
}

resource "aws_secretsmanager_secret" "api" {
  name       = "billing/api-key"
  secret_arn = aws_secretsmanager_secret.api.arn
}

resource "tls_private_key" "deploy" {
  algorithm = "ED25519"
}

resource "aws_key_pair" "deploy" {
  key_name   = "deploy-key"
  public_key = "ssh-rsa {{corpus.ssh-rsa-public-key}} deploy@acme"
}

output "db_password" {
  value     = random_password.db.result
  sensitive = true
}
