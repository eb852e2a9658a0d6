//! Messages as the engines send them.

use super::*;

#[test]
fn a_real_message_is_read_without_copying() {
    let json = br#"{"RequestMethod":"POST","RequestUri":"/v1.47/containers/create","RequestBody":"eyJ9","RequestHeaders":{"Connection":"close","Content-Length":"14","Content-Type":"application/json"}}"#;
    let request = AuthzRequest::from_json(json).expect("a message");
    assert_eq!((request.request_method.as_ref(), request.request_uri.as_ref()), ("POST", "/v1.47/containers/create"));
    assert_eq!(request.request_headers.get("content-TYPE"), Some("application/json"));
    assert_eq!(request.request_headers.get("X-Missing"), None);
    assert!(matches!(request.request_uri, Cow::Borrowed(_)) && request.request_body.is_some());
}

#[test]
fn users_certificates_and_responses_are_passed_over() {
    let json = br#"{"User":"cn","UserAuthNMethod":"TLS","RequestMethod":"GET","RequestUri":"/\u005fping?a=\u00e9","RequestPeerCertificates":["x"],"ResponseStatusCode":200,"ResponseHeaders":{"A":"b"}}"#;
    let request = AuthzRequest::from_json(json).expect("a message");
    assert_eq!(request.request_uri, "/_ping?a=é");
}

#[test]
fn what_is_no_message_is_an_error() {
    for json in ["", "{", "[]", "5", r#"{"RequestUri":7}"#, r#"{"RequestHeaders":[]}"#, r#"{"RequestMethod":"GET"} x"#]
    {
        assert!(AuthzRequest::from_json(json.as_bytes()).is_err(), "{json}");
    }
}

#[test]
fn a_refusal_is_allow_false_with_a_message() {
    let json = serde_json::to_string(&AuthzResponse { allow: false, msg: "a \"b\"\nc" }).expect("JSON");
    assert_eq!(json, r#"{"Allow":false,"Msg":"a \"b\"\nc"}"#);
    assert_eq!(serde_json::to_string(&AuthzResponse { allow: true, msg: "" }).expect("JSON"), ALLOWED);
}
