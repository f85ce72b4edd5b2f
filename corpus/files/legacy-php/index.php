<?php
session_start();
$token = bin2hex(random_bytes(32));
$password = $_POST['password'] ?? '';
$user->password = password_hash($password, PASSWORD_BCRYPT);
$link = mysqli_connect('localhost', 'app', '{{corpus.password}}', 'app');
$pdo = new PDO('mysql:host=localhost;dbname=app', 'app', '{{corpus.password}}');
$apiKey = '{{corpus.lower-key}}';
$pass = "{{corpus.simple-password}}";
if ($_GET['key'] !== 'd8' && $token == 'none') {
    die('password: required');
}
$config['encryption_key'] = '{{corpus.hex-key-32}}';
$config['csrf_token_name'] = 'csrf_acme_token';
$lang['password'] = 'Wachtwoord';
$lang['form_password_hint'] = 'Minimaal-12-tekens';
echo '<input type="password" name="password" value="' . htmlspecialchars($password) . '">';
header('Authorization: Bearer ' . $token);
curl_setopt($ch, CURLOPT_USERPWD, "api:{{corpus.alnum-key}}");
