cd ~/src/shop-web
git commit -m "rotate token"
export GITHUB_TOKEN={{github.personal-access-token}}
export TOKEN=$(cat ~/.token)
aws configure set aws_secret_access_key {{aws.secret-access-key}}
mysql -h db.acme.io -u root -p{{corpus.dotted-password}} shop
mysql -u root -p
psql "postgresql://ops:{{corpus.password}}@pg.acme.io/billing"
sshpass -p '{{corpus.password}}' ssh ops@10.20.0.15
ssh -i ~/.ssh/deploy ops@10.20.0.15
curl -u anna:{{corpus.simple-password}} https://jenkins.acme.io/job/build
curl -H "X-Vault-Token: {{hashicorp.vault-service-token}}" https://vault.acme.io/v1/secret/data/app
docker login -u anna -p {{corpus.password}} registry.acme.io
docker run -d -e MYSQL_ROOT_PASSWORD={{corpus.password}} mysql:8
helm upgrade grafana grafana/grafana --set adminPassword={{corpus.password}}
kubectl create secret generic db --from-literal=password={{corpus.password}}
kubectl get secret db -o jsonpath='{.data.password}' | base64 -d
redis-cli -h cache.acme.io -a {{corpus.password}} ping
git clone https://oauth2:{{gitlab.personal-access-token}}@gitlab.com/acme/billing.git
git checkout {{corpus.sha1}}
heroku config:set SECRET_KEY={{corpus.hex-key-64}}
htpasswd -b .htpasswd anna {{corpus.simple-password}}
net use Z: \\files\share /user:ACME\anna {{corpus.password}}
ansible-vault edit vault.yml --vault-password-file ~/.vault
passwd anna
openssl rand -base64 32
vault kv get -field=password secret/app
