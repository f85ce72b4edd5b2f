package io.acme.pricing

object Main extends App {
  val apiKey: String = "{{corpus.hex-key-32}}"
  val password = sys.env.getOrElse("PRICING_PASSWORD", "{{corpus.password}}")
  val token = config.getString("pricing.token")
  val secretName = "pricing/prod"
  implicit val tokenReads: Reads[Token] = Json.reads[Token]
  case class Login(user: String, password: Secret[String])
  val spark = SparkSession.builder.config("spark.hadoop.fs.s3a.secret.key", "{{aws.secret-access-key}}").getOrCreate()
  logger.info(s"token=${token.take(4)}")
  require(password.nonEmpty, "password: empty")
}
