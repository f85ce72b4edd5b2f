#!/usr/bin/env bash
set -euo pipefail

DB_USER=backup
DB_PASS='{{corpus.symbol-password}}'
export PGPASSWORD="{{corpus.password}}"
export RESTIC_PASSWORD_FILE=/etc/restic/password
export AWS_ACCESS_KEY_ID="$(vault read -field=access_key aws/creds/backup)"
TOKEN=$(curl -s -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 60")
API_KEY=${API_KEY:?missing}
password="${1:-}"

mysqldump -u "$DB_USER" -p"$DB_PASS" app > app.sql
mysqldump -u root -p{{corpus.simple-password}} legacy > legacy.sql
pg_dump "postgresql://backup:${PGPASSWORD}@pg.acme.io/billing" > billing.sql
openssl enc -aes-256-cbc -pbkdf2 -pass pass:{{corpus.password}} -in app.sql -out app.sql.enc
curl -fsS -u "backup:{{corpus.password}}" -T app.sql.enc https://dav.acme.io/backup/
curl -fsS -H "Authorization: Bearer ${TOKEN}" https://api.acme.io/backups
curl -fsS -H 'Authorization: Bearer {{corpus.alnum-key}}' https://api.acme.io/notify
if [ "$password" = "" ]; then echo "password: not given" >&2; exit 2; fi
read -r -s -p "Password: " password
sha256sum --check <<< "{{corpus.sha256}}  app.sql.enc"
gpg --batch --passphrase "$GPG_PASSPHRASE" --encrypt app.sql
