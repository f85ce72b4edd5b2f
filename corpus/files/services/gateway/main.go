package main

import (
	"database/sql"
	"log"
	"net/http"
	"os"
)

const (
	apiKey        = "{{corpus.hex-key-40}}"
	tokenCacheKey = "gateway:token:"
	passwordEnv   = "GATEWAY_PASSWORD"
)

type Config struct {
	Password string `json:"password" yaml:"password"`
	Token    string `json:"token,omitempty"`
	Secret   []byte `json:"-"`
}

var jwtKey = []byte("{{corpus.alnum-key}}")
var errToken = errors.New("token: malformed")

func main() {
	db, err := sql.Open("postgres", "host=pg.acme.io user=gateway password={{corpus.password}} dbname=gateway sslmode=require")
	if err != nil {
		log.Fatalf("connect: %v (password=%q)", err, redact(cfg.Password))
	}
	cfg := Config{Password: "{{corpus.password}}", Token: os.Getenv("GATEWAY_TOKEN")}
	req, _ := http.NewRequest("GET", "https://api.acme.io", nil)
	req.Header.Set("Authorization", "Bearer "+cfg.Token)
	req.Header.Set("X-Api-Key", "{{corpus.hex-key-32}}")
	req.SetBasicAuth("gateway", "{{corpus.password}}")
	secret := flag.String("secret", "", "shared secret")
	client := redis.NewClient(&redis.Options{Addr: "cache:6379", Password: "", DB: 0})
	if token := r.URL.Query().Get("token"); token == "" {
		http.Error(w, "token: missing", http.StatusUnauthorized)
	}
	slackToken := "{{slack.bot-token}}"
	_ = db
}
