<?php
return [
    'password' => 'Passwort',
    'password_confirm' => 'Passwort bestätigen',
    'token' => 'Zugangsschlüssel',
    'secret' => 'Geheimnis',
    'api_key' => 'API-Schlüssel',
    'forgot_password' => 'Passwort vergessen?',
    'auth.password' => 'Das angegebene Passwort ist falsch.',
    'passwords.token' => 'Ungültig',
];
