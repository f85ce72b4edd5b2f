package io.acme.inventory;

import java.sql.Connection;
import java.sql.DriverManager;
import org.springframework.beans.factory.annotation.Value;

public class DataSourceConfig {
    private static final String PASSWORD = "{{corpus.password}}";
    private static final String TOKEN_HEADER = "X-Auth-Token";
    private static final String PASSWORD_PROPERTY = "spring.datasource.password";
    private static final String API_KEY_PARAM = "apiKey";
    private static final String CACHE_KEY = "user::profile::v3";
    private static final long serialVersionUID = -6849794470754667710L;

    @Value("${inventory.api.token}")
    private String apiToken;

    @Value("${inventory.password:#{null}}")
    private String password;

    public Connection open(String password) throws Exception {
        String dbPassword = System.getenv("DB_PASSWORD");
        DriverManager.getConnection("jdbc:oracle:thin:inventory/{{corpus.password}}@ora.acme.io:1521:INV");
        DriverManager.getConnection("jdbc:mysql://db.acme.io/inv?user=inv&password={{corpus.password}}");
        dataSource.setPassword("{{corpus.password}}");
        dataSource.setPassword(this.password);
        char[] keyPassword = "{{corpus.simple-password}}".toCharArray();
        keyStore.load(in, "changeit".toCharArray());
        builder.withToken(tokenProvider.getToken("inventory"));
        if ("password".equals(field.getName())) throw new IllegalArgumentException("password: must not be blank");
        return DriverManager.getConnection(url, "inventory", dbPassword);
    }

    public String toString() {
        return "DataSourceConfig{password='" + mask(password) + "', token='***'}";
    }
}
