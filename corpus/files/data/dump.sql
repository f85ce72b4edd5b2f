-- MySQL dump 10.13  Distrib 8.4.0
CREATE USER 'app'@'%' IDENTIFIED BY '{{corpus.password}}';
ALTER ROLE reporting WITH PASSWORD '{{corpus.password}}';
GRANT ALL PRIVILEGES ON app.* TO 'app'@'%';
SET PASSWORD FOR 'legacy'@'localhost' = '{{corpus.simple-password}}';
CREATE TABLE `users` (
  `id` char(36) NOT NULL,
  `password` varchar(255) DEFAULT NULL COMMENT 'bcrypt',
  `api_token` varchar(80) NOT NULL DEFAULT '',
  `remember_token` varchar(100) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `users_api_token_unique` (`api_token`)
) ENGINE=InnoDB;
INSERT INTO `users` VALUES ('{{corpus.uuid}}','anna@acme.io','{{pwhash.bcrypt}}',NULL);
INSERT INTO `users` VALUES ('{{corpus.uuid}}','ben@acme.io','{{pwhash.bcrypt}}',NULL);
INSERT INTO `settings` VALUES (12,'smtp_password','{{corpus.password}}'),(13,'password_policy','strict');
INSERT INTO settings (name, value) VALUES ('github_token', '{{github.oauth-token}}');
INSERT INTO migrations VALUES ('2024_07_02_create_password_resets','{{corpus.sha256}}');
UPDATE users SET password = MD5('{{corpus.simple-password}}') WHERE id = 1;
UPDATE users SET password = crypt(:password, gen_salt('bf')) WHERE id = :id;
SELECT token, secret FROM sessions WHERE token = ? AND password IS NOT NULL;
