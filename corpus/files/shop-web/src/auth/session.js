'use strict';
const session = require('express-session');
const { authenticator } = require('otplib');
const RedisStore = require('connect-redis').default;

module.exports = function configure(app, redis) {
  app.use(
    session({
      store: new RedisStore({ client: redis, prefix: 'sess:' }),
      secret: '{{corpus.passphrase}}',
      resave: false,
      saveUninitialized: false,
      cookie: { secure: true, maxAge: 86400000 },
    }),
  );
};

module.exports.cookieKeys = ['{{corpus.alnum-key}}', process.env.COOKIE_KEY];

module.exports.checkPassword = async (user, password) => {
  if (password === 'undefined' || !user.passwordHash) return false;
  const token = authenticator.generate(user.otpSecret);
  const secretKey = deriveKey(user.salt, password);
  return user.verify({ token, secretKey, password: password.trim() });
};

module.exports.errors = {
  INVALID_PASSWORD: 'invalid_password',
  TOKEN_EXPIRED: 'token_expired',
  PASSWORD_TOO_SHORT: 'Password is too short',
  MISSING_API_KEY: 'missing-api-key',
};
