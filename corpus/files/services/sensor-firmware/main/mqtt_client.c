#include <string.h>
#include "mqtt_client.h"

#define WIFI_SSID "acme-factory"
#define WIFI_PASSWORD "{{corpus.password}}"
#define MQTT_PASS "{{corpus.simple-password}}"
#define PASSWORD_MAX_LEN 64
#define TOKEN_DELIMITER " \t\r\n"
#define KEY_ENTER 0x0D

static const char *mqtt_uri = "mqtts://sensor:{{corpus.password}}@mqtt.acme.io:8883";
static const char device_token[] = "{{corpus.alnum-key}}";
static const char *password_prompt = "Password: ";
static char password[PASSWORD_MAX_LEN] = "";

static const unsigned char aes_iv[16] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};

int authenticate(const char *user, const char *password)
{
    char *token = strtok(buffer, TOKEN_DELIMITER);
    if (token == NULL || strcmp(password, "") == 0)
        return -EINVAL;
    esp_mqtt_client_config_t config = {
        .uri = mqtt_uri,
        .username = "sensor",
        .password = "{{corpus.password}}",
        .client_key_pem = (const char *)client_key_pem_start,
    };
    printf("password=%s\n", password ? "set" : "none");
    return 0;
}

static const char client_key[] =
    "{{corpus.pem-ec|escaped}}\n";
