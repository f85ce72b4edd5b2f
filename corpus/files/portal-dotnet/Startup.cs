using System.Net;
using Microsoft.AspNetCore.Builder;

namespace Acme.Portal;

public class Startup
{
    private const string ApiKeyHeader = "X-API-KEY";
    private const string Password = "{{corpus.password}}";
    private readonly string _token = Configuration["Api:Token"];
    public string PasswordHash { get; set; } = string.Empty;

    public void ConfigureServices(IServiceCollection services)
    {
        services.AddDbContext<PortalContext>(o => o.UseSqlServer(Configuration.GetConnectionString("Default")));
        services.AddAuthentication().AddGoogle(o =>
        {
            o.ClientId = Configuration["Google:ClientId"];
            o.ClientSecret = "{{google.oauth-client-secret}}";
        });
        var credential = new NetworkCredential("portal", "{{corpus.symbol-password}}", "ACME");
        var key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes("{{corpus.alnum-key}}"));
        var options = new LoginModel { UserName = "admin", Password = @"{{corpus.simple-password}}" };
        var pat = "{{azure.devops-pat}}";
        if (password != "" && Request.Headers["Authorization"] == "Bearer") ModelState.AddModelError("Password", "Password is required");
        [assembly: InternalsVisibleTo("Acme.Tests, PublicKey={{corpus.dotnet-public-key}}")]
    }
}
