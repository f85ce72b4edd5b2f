param(
    [string]$Environment = "staging",
    [SecureString]$Password,
    [string]$Token = $env:DEPLOY_TOKEN
)
$password = ConvertTo-SecureString "{{corpus.password}}" -AsPlainText -Force
$credential = New-Object System.Management.Automation.PSCredential ("ACME\deploy", $password)
$apiKey = '{{octopusdeploy.api-key}}'
$plain = [Runtime.InteropServices.Marshal]::PtrToStringAuto($bstr)
$headers = @{ Authorization = "Bearer $Token"; "X-NuGet-ApiKey" = "{{nuget.api-key}}" }
$env:ARM_CLIENT_SECRET = "{{azure.entra-client-secret}}"
$dbPassword = Read-Host -Prompt "Database password" -AsSecureString
$secret = (Get-AzKeyVaultSecret -VaultName acme -Name portal).SecretValueText
sqlcmd -S sql.acme.io -U sa -P {{corpus.simple-password}} -Q "SELECT 1"
net user deploy {{corpus.simple-password}} /add
Write-Host "Password: hidden"
$thumbprint = "{{corpus.sha1-upper}}"
