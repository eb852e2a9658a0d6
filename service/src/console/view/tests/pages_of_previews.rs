//! What a draft would do.

use policy::{Category, Reason};

use super::*;
use crate::{
    acts::{
        Tag,
        preview::{Basis, Counted, Effects, NamespaceChange, PersonChange, Preview, Shift, ThingChange},
    },
    model::AllowedPulls,
};

fn thing(image: &str, category: Option<Category>, people: usize) -> ThingChange {
    ThingChange {
        action: "pull".to_owned(),
        image: image.to_owned(),
        times: 40,
        people,
        last_day: 20_833,
        reason: Reason::Category,
        category,
        watched: false,
    }
}

fn shift(things: Vec<ThingChange>, users: &[&str], namespaces: &[&str]) -> Shift {
    let person = |user: &&str| PersonChange { user: (*user).to_owned(), things: 2 };
    let namespace = |name: &&str| NamespaceChange { namespace: (*name).to_owned(), badge: Badge::VerifiedPublisher };
    let people: Vec<PersonChange> = users.iter().map(person).collect();
    let namespaces: Vec<NamespaceChange> = namespaces.iter().map(namespace).collect();
    Shift {
        things: Counted { count: things.len() + 5, examples: things },
        people: Counted { count: people.len() + 1, examples: people },
        namespaces: Counted { count: namespaces.len(), examples: namespaces },
    }
}

fn preview(refused: Shift, allowed: Shift, active: usize) -> Preview {
    Preview {
        organization: "acme".to_owned(),
        tag: Tag::default(),
        effects: Effects { refused, watched: Shift::default(), allowed },
        basis: Basis {
            first_day: Some(20_750),
            active,
            things: 240,
            cut: false,
            unread: 0,
            allowed_pulls: AllowedPulls::Counts,
            namespaces: 2,
        },
    }
}

#[test]
fn what_a_draft_would_do() {
    let (entered, namespaces, owner) = (entered(), [], [membership("acme", Role::Owner)]);
    let refused = || {
        let things = vec![
            thing("docker.io/bitnami/redis:7", Some(Category::VerifiedPublisher), 3),
            ThingChange { action: "build".to_owned(), reason: Reason::Builds, ..thing("", None, 1) },
        ];
        shift(things, &["alice", "bob"], &["bitnami", "grafana"])
    };
    let shown = preview(refused(), Shift::default(), 12);
    let page = ImageAccess { preview: Some(&shown), ..policy(&entered, &namespaces) };
    check("image_access_preview", &framed("olga", &owner, Tab::ImageAccess, &image_access::content(&page)));
    let few = preview(refused(), refused(), 100);
    let content = image_access::content(&ImageAccess { preview: Some(&few), ..page });
    assert!(!content.0.contains("name=\"confirm\"") && content.0.contains("Newly allowed"), "{}", content.0);
    let mut blind = preview(Shift::default(), Shift::default(), 0);
    blind.basis = Basis { first_day: None, allowed_pulls: AllowedPulls::None, cut: true, unread: 9, ..blind.basis };
    let content = image_access::content(&ImageAccess { preview: Some(&blind), ..page });
    for part in ["nothing about people", "nothing is kept", "at least so large", "9 decisions"] {
        assert!(content.0.contains(part), "{part} in {}", content.0);
    }
}

#[test]
fn nobodys_words_are_markup_in_a_preview() {
    let (entered, namespaces, owner) = (entered(), [], [membership(EVIL, Role::Owner)]);
    let bad = || shift(vec![ThingChange { action: EVIL.to_owned(), ..thing(EVIL, None, 1) }], &[EVIL], &[EVIL]);
    let shown = preview(bad(), bad(), 1);
    let problem = Problem { text: EVIL.to_owned(), field: Some("confirm") };
    let page = ImageAccess {
        organization: EVIL,
        preview: Some(&shown),
        problem: Some(&problem),
        ..policy(&entered, &namespaces)
    };
    harmless(&framed(EVIL, &owner, Tab::ImageAccess, &image_access::content(&page)));
}
