//! The way to the database.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use proto::document::Policy;

use crate::{
    database::{Database, PASSWORD, Server},
    support::{PASSWORD as OF_ALICE, Service, find, run},
};

#[tokio::test]
async fn a_password_comes_from_a_file_and_is_shown_nowhere() {
    let database = Database::new();
    let url = database.url_over_tcp(&format!("sslrootcert={}", database.ca_file()));
    let mut service = Service::empty();
    let said = service.fails(&["--database", &url, "organization", "list"], "");
    assert!(said.contains("--database-file") && !said.contains(PASSWORD), "{said}");

    let file = service.data_dir().with_file_name("url");
    fs::write(&file, format!("{url}\n")).unwrap();
    let option = format!("--database-file={}", file.display());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let said = service.fails(&[&option, "organization", "list"], "");
    assert!(said.contains("chmod 0600"), "{said}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    service.ok(&[&option, "organization", "add", "acme"]);
    assert_eq!(service.ok(&[&option, "organization", "list"]), "acme\n");
    let said = service.fails(&["organization", "list"], "");
    assert!(said.contains("is empty") && said.contains("--database"), "the database of the environment: {said}");

    service.start_with(&[&option], &[("PULLGATE_LOG", "trace")]).await;
    let shown = [
        fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap(),
        fs::read(format!("/proc/{}/environ", service.pid())).unwrap(),
        service.log().into_bytes(),
    ];
    service.stop().await;
    let shown = shown.concat();
    assert!(!shown.windows(PASSWORD.len()).any(|bytes| bytes == PASSWORD.as_bytes()));
    assert!(!service.data_dir().join("pullgate.db").exists());
}

#[tokio::test]
async fn the_data_directory_says_which_database_is_meant() {
    let database = Database::new();
    let service = Service::empty();
    service.ok(&["organization", "add", "of-the-environment"]);
    fs::create_dir(service.data_dir()).unwrap();
    fs::write(service.data_dir().join("database"), database.url()).unwrap();
    fs::set_permissions(service.data_dir().join("database"), fs::Permissions::from_mode(0o600)).unwrap();
    let plain = |args: &[&str]| {
        let mut command = service.command(args);
        command.env_remove(service::database::ENVIRONMENT);
        let output = run(command, "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    plain(&["organization", "add", "acme"]);
    assert_eq!(plain(&["organization", "list"]), "acme\n");
    assert_eq!(service.ok(&["organization", "list"]), "of-the-environment\n");
}

#[tokio::test]
async fn the_service_outlives_a_restart_of_its_database() {
    let server = Arc::new(Server::start());
    let service = Service::acme_on(Arc::new(Database::on(&server))).await;
    let trusted = service.trusted();
    let mut client = service.client().await;
    let token = client.sign_in("alice", OF_ALICE).await.unwrap().agent_token;
    let mut stream = client.watch(&token, vec![]).await.unwrap();
    stream.next().await;
    server.tell("restart");
    service.ok(&["policy", "set", "acme", "--message", "after the restart"]);
    let policy = find::<Policy>(&stream.next().await, &trusted).expect("the stream of before goes on");
    assert_eq!(policy.document.contact.unwrap().message, "after the restart");
    client.sign_in("alice", OF_ALICE).await.unwrap();
    client.report(&token, Default::default()).await.unwrap();
}
