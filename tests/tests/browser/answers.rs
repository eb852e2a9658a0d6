//! Pages that answer a form: what a change would do, what is asked before it is made, what is shown once, what was wrong.
//! Like every other page they are sound in each look, and there are pictures of them.

use std::{fs, path::PathBuf};

use tests::browser::{Company, Look, Window, screenshots};

use super::sound;

/// Looks at pages as they are shown, without asking for them again.
struct Looker {
    pictures: PathBuf,
    faults: Vec<String>,
    seen: usize,
}

impl Looker {
    /// At the page which says these words.
    async fn at(&mut self, window: &Window, name: &str, words: &str) {
        window.says(words).await;
        for look in Look::ALL {
            window.look(look).await;
            let found = sound::faults(window, look).await;
            self.faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
            window.picture(&self.pictures, name, look).await;
        }
        window.look(Look::Light).await;
        self.seen += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_form_is_sound() {
    let pictures = screenshots().join("answers");
    let _ = fs::remove_dir_all(&pictures);
    fs::create_dir_all(&pictures).unwrap();
    let mut looker = Looker { pictures, faults: Vec::new(), seen: 0 };
    let company = Company::busy().await;
    let (olga, alice, nobody) = tokio::join!(company.window('O'), company.window('M'), company.window('n'));
    policy(&olga, &company, &mut looker).await;
    lists(&olga, &mut looker).await;
    people(&olga, &alice, &mut looker).await;
    secrets(&olga, &mut looker).await;
    strangers(&nobody, &mut looker).await;
    for window in [&olga, &alice, &nobody] {
        looker.faults.extend(window.complaints().await);
    }
    assert!(looker.faults.is_empty(), "{} faults:\n{}", looker.faults.len(), looker.faults.join("\n"));
    println!("pictures of {} answers: {}", looker.seen, looker.pictures.display());
}

async fn policy(olga: &Window, company: &Company, looker: &mut Looker) {
    olga.open("/orgs/acme/image-access").await;
    olga.tick("Docker Official Images").await;
    olga.press("Preview").await;
    looker.at(olga, "preview", "Newly refused").await;
    olga.fill("Type the number of people who would lose something", "77").await;
    olga.press("Publish").await;
    looker.at(olga, "guard", "Newly refused").await;

    olga.open("/orgs/acme/image-access").await;
    olga.fill("Registries", "Not A Host").await;
    olga.press("Save and publish").await;
    looker.at(olga, "policy-wrong", "is no registry host").await;

    olga.open("/orgs/acme/image-access").await;
    company.service.administer(&["policy", "set", "acme", "--message", "somebody else's"]).await.unwrap();
    olga.fill("Message", "mine").await;
    olga.press("Save and publish").await;
    looker.at(olga, "policy-changed-meanwhile", "somebody else's").await;
}

async fn lists(olga: &Window, looker: &mut Looker) {
    olga.open("/orgs/acme/allowlist").await;
    olga.fill("Images", "Not An Image").await;
    olga.press("Allow").await;
    looker.at(olga, "allowlist-wrong", "Not An Image").await;

    olga.open("/orgs/acme/allowlist?list=deny").await;
    olga.fill("Images", "docker.io/library/*").await;
    olga.press("Deny").await;
    looker.at(olga, "denylist-guard", "Type the number of people who would lose something").await;

    olga.open("/orgs/acme/namespaces").await;
    olga.fill("Namespace", "acme/app").await;
    olga.press("Add").await;
    looker.at(olga, "namespace-wrong", "acme/app").await;

    olga.open("/publishers").await;
    olga.fill("Namespaces", "grafana gold").await;
    olga.press("Give").await;
    looker.at(olga, "publishers-wrong", "gold").await;
}

async fn people(olga: &Window, alice: &Window, looker: &mut Looker) {
    olga.open("/orgs/acme/members").await;
    olga.fill("Name", "judy").await;
    olga.press("Invite").await;
    looker.at(olga, "invited", "judy is invited.").await;

    alice.open("/requests/new").await;
    alice.fill("Image", "Not An Image").await;
    alice.fill("Why do you need it?", "a test").await;
    alice.press("Ask").await;
    looker.at(alice, "request-wrong", "Not An Image").await;
    alice.open("/requests/new?image=evil/second").await;
    alice.fill("Why do you need it?", "a test").await;
    alice.press("Ask").await;
    looker.at(alice, "asked", "Waiting").await;
}

async fn secrets(olga: &Window, looker: &mut Looker) {
    for (page, name) in [("/orgs/acme/tokens", "token-of-the-organization"), ("/account", "token-of-a-person")] {
        olga.open(page).await;
        olga.fill("What it is for", "deploy").await;
        olga.tick("Read over the API").await;
        olga.press("Make").await;
        looker.at(olga, name, "it is shown once").await;
    }
    olga.open("/account").await;
    olga.fill("Current password", "not the password").await;
    olga.fill("New password", "another long password").await;
    olga.fill("The same again", "another long password").await;
    olga.press("Change").await;
    looker.at(olga, "password-wrong", "The current password is wrong.").await;
}

async fn strangers(nobody: &Window, looker: &mut Looker) {
    nobody.open("/sign-in").await;
    nobody.fill("User name", "olga").await;
    nobody.fill("Password", "wrong").await;
    nobody.press("Sign in").await;
    looker.at(nobody, "sign-in-wrong", "Sign in").await;
    nobody.open("/join#nothing").await;
    looker.at(nobody, "join-without-an-invitation", "Join").await;
}
