<?php

return [
    'default' => env('DB_CONNECTION', 'mysql'),
    'connections' => [
        'mysql' => [
            'driver' => 'mysql',
            'host' => env('DB_HOST', '127.0.0.1'),
            'username' => env('DB_USERNAME', 'forge'),
            'password' => env('DB_PASSWORD', ''),
        ],
        'legacy' => [
            'driver' => 'mysql',
            'username' => 'legacy',
            'password' => '{{corpus.password}}',
        ],
    ],
    'redis' => [
        'password' => env('REDIS_PASSWORD', null),
    ],
    'mandrill' => ['secret' => '{{mailchimp.transactional-key}}'],
    'key_file' => storage_path('oauth-private.key'),
];
