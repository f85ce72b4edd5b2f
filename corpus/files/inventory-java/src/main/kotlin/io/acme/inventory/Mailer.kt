package io.acme.inventory

object Mailer {
    private const val API_KEY = "{{sendgrid.api-key}}"
    private const val KEY_TOKEN = "key_token"
    private val secret: String by lazy { System.getenv("MAIL_SECRET") ?: error("MAIL_SECRET is missing") }
    private val props = mapOf(
        "mail.smtp.user" to "inventory@acme.io",
        "mail.smtp.password" to "{{corpus.password}}",
    )

    data class Credentials(val username: String, val password: String)

    fun login() = Credentials("inventory", "{{corpus.password}}")

    fun connect(token: String? = null, password: CharArray = charArrayOf()) {
        val apiToken = token ?: BuildConfig.API_TOKEN
        val signingKey = Keys.hmacShaKeyFor("{{corpus.alnum-key}}".toByteArray())
        Log.d("Mailer", "token=$token")
        require(apiToken.isNotBlank()) { "token must not be blank" }
    }
}
