//! What an administrator of the provider does, over its own API.

use installer::lab::{Account, LabError};
use serde_json::{Value, json};

use super::{
    Codes, IdentityProvider,
    browser::Browser,
    server::{OIDC, Server},
};

/// The administrator that a new database has. It is reachable from loopback, as long as a test runs.
const ADMINISTRATOR: (&str, &str) = ("admin", "password");

/// Makes a new provider ready: OpenID Connect, groups of people, the client.
pub(super) async fn prepare(server: &Server, codes: Codes, client_secret: &str) -> Result<Browser, LabError> {
    let mut admin = Browser::at(server.address());
    let (username, password) = ADMINISTRATOR;
    let login = json!({"username": username, "password": password});
    admin.send("POST", "/api/auth/", &login).await?.is_ok()?;
    admin.call("POST", "/api/mod/plugin/", Some(&openid_connect(server, codes)?)).await?.is_ok()?;
    let scope = json!({"name": "profile", "display_name": "Profile", "password_required": false});
    admin.call("POST", "/api/scope/", Some(&scope)).await?.is_ok()?;
    let users = "/api/mod/user/database";
    let with_groups = people_with_groups(admin.call("GET", users, None).await?.json()?);
    admin.call("PUT", users, Some(&with_groups)).await?.is_ok()?;
    // It read its parameters when it started.
    admin.call("PUT", &format!("{users}/reset"), None).await?.is_ok()?;
    admin.call("POST", "/api/client/", Some(&client(client_secret))).await?.is_ok()?;
    Ok(admin)
}

/// Adds a person, or changes the groups of one.
pub(super) async fn set_person(admin: &Browser, person: &Account, groups: &[&str]) -> Result<(), LabError> {
    let path = format!("/api/user/{}", person.name);
    let described = json!({
        "username": person.name,
        "password": person.password,
        "enabled": true,
        "scope": ["openid", "profile", "g_profile"],
        "groups": groups,
    });
    let change = admin.call("PUT", &path, Some(&described)).await?;
    match change.is_ok() {
        Ok(()) => Ok(()),
        Err(_) => admin.call("POST", "/api/user/", Some(&described)).await?.is_ok(),
    }
}

/// Lets people sign in with a browser that is sent back to this address.
pub(super) async fn send_back_to(admin: &Browser, client_secret: &str, callback: &str) -> Result<(), LabError> {
    let mut client = client(client_secret);
    client["authorization_type"] = json!(["device_authorization", "code"]);
    client["redirect_uri"] = json!([callback]);
    let path = format!("/api/client/{}", IdentityProvider::CLIENT);
    admin.call("PUT", &path, Some(&client)).await?.is_ok()
}

fn openid_connect(server: &Server, codes: Codes) -> Result<Value, LabError> {
    let key = signing_key()?;
    Ok(json!({
        "module": "oidc",
        "name": OIDC,
        "display_name": OIDC,
        "enabled": true,
        "parameters": {
            "iss": server.issuer(),
            "jwt-type": "ecdsa",
            "jwt-key-size": "256",
            "key": key.serialize_pem(),
            "cert": key.public_key_pem(),
            "access-token-duration": 300,
            "refresh-token-duration": 300,
            "code-duration": 60,
            "auth-type-code-enabled": true,
            "pkce-allowed": true,
            "auth-type-device-enabled": true,
            "device-authorization-expiration": codes.expire_after,
            "device-authorization-interval": codes.interval,
            "subject-type": "public",
            "claims": [
                // As the standard has it.
                {"name": "preferred_username", "user-property": "username", "scope": ["profile"]},
                {"name": "groups", "user-property": "groups", "mandatory": true},
            ],
        },
    }))
}

/// For ES256. The provider publishes a coordinate that begins with zeros without them, and verifiers
/// refuse that rightly (RFC 7518, 6.2.1.2): one key of 128 would be of no use.
fn signing_key() -> Result<rcgen::KeyPair, LabError> {
    loop {
        let key = rcgen::KeyPair::generate()
            .map_err(|error| LabError::Http { request: "a signing key".to_owned(), why: error.to_string() })?;
        // An uncompressed point: 4, then x and y of 32 bytes.
        let point = key.public_key_raw();
        if [1, 33].iter().all(|&first| point.get(first).is_some_and(|&byte| byte != 0)) {
            return Ok(key);
        }
    }
}

/// People have no groups unless their data format says so.
fn people_with_groups(mut module: Value) -> Value {
    module["parameters"]["data-format"]["groups"] = json!({"multiple": true, "read": true, "write": true});
    module
}

fn client(secret: &str) -> Value {
    json!({
        "client_id": IdentityProvider::CLIENT,
        "client_name": IdentityProvider::CLIENT,
        "client_secret": secret,
        "confidential": true,
        "enabled": true,
        "authorization_type": ["device_authorization"],
        "token_endpoint_auth_method": ["client_secret_basic"],
    })
}
