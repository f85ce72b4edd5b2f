<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', '{{corpus.symbol-password}}' );
define( 'DB_HOST', 'localhost' );
define( 'DB_CHARSET', 'utf8mb4' );

define( 'AUTH_KEY',         '{{corpus.wordpress-salt}}' );
define( 'SECURE_AUTH_KEY',  '{{corpus.wordpress-salt}}' );
define( 'LOGGED_IN_KEY',    'put your unique phrase here' );
define( 'NONCE_KEY',        getenv('WP_NONCE_KEY') );

$table_prefix = 'wp_';
define( 'WP_DEBUG', false );
define( 'FTP_PASS', '{{corpus.password}}' );
define( 'FS_METHOD', 'direct' );
