import Foundation

enum Config {
    static let apiKey = "{{corpus.hex-key-32}}"
    static let mapboxToken = "{{mapbox.public-token}}"
    static let clientSecret: String = "{{corpus.alnum-key}}"
    static let keychainService = "io.acme.shop.token"
    static let tokenKey = "accessToken"
    static let passwordPlaceholder = NSLocalizedString("login.password", comment: "Password")
    static var password: String? = nil
    static let pinnedKeyHash = "{{corpus.sha256-base64}}"
    static let analytics = URL(string: "https://{{corpus.md5}}@sentry.acme.io/2")!
}

func login(password: String, token: String = "") {
    let credential = URLCredential(user: "shop", password: "{{corpus.password}}", persistence: .none)
    guard password.count >= 12 else { return show("password_too_short") }
    KeychainWrapper.standard.set(password, forKey: "userPassword")
    Purchases.configure(withAPIKey: Secrets.revenueCatKey)
}
