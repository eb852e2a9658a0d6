//! Without a mouse: everything can be reached and done, and where one is can be seen.

use fantoccini::key::Key;
use tests::browser::{Company, Look, Window};

/// More stops than any page has.
const STOPS: usize = 150;

/// Goes on with the Tab key until something with this id or these words has the focus. Every stop on the way must show it.
async fn tab_to(window: &Window, wanted: &str) {
    let mut last = String::new();
    for _ in 0..STOPS {
        window.keys(&Key::Tab.to_string()).await;
        let focus = window.focus().await;
        assert!(focus.seen, "on {}, the focus is not seen: {focus:?}", window.path().await);
        if focus.id == wanted || focus.name == wanted {
            return;
        }
        last = focus.html;
    }
    panic!("on {}, Tab does not come to `{wanted}`; last seen: {last}", window.path().await);
}

async fn press_at(window: &Window, wanted: &str) {
    tab_to(window, wanted).await;
    window.keys_that_turn(&Key::Enter.to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_needs_no_mouse() {
    let company = Company::start().await;
    let window = company.window('n').await;
    window.look(Look::Light).await;

    window.open("/").await;
    // The name has the focus from the beginning.
    window.keys("olga").await;
    tab_to(&window, "password").await;
    window.keys(company.password()).await;
    window.keys_that_turn(&Key::Enter.to_string()).await;
    assert_eq!(window.heading().await, "Image access");

    tab_to(&window, "To the content").await;
    window.keys(&Key::Enter.to_string()).await;
    // Past the menu: the next stop is the first of the page's own.
    tab_to(&window, "enabled").await;
    window.keys(" ").await;
    window.says("You have changes that are not saved.").await;
    tab_to(&window, "mode-enforce").await;
    window.keys(&Key::Up.to_string()).await;
    assert_eq!(window.focus().await.id, "mode-monitor");
    tab_to(&window, "community").await;
    window.keys(" ").await;
    press_at(&window, "Save and publish").await;
    window.says("On, monitoring").await;

    press_at(&window, "Allowlist").await;
    tab_to(&window, "pattern").await;
    window.keys("grafana/grafana").await;
    tab_to(&window, "reason").await;
    window.keys("dashboards").await;
    press_at(&window, "Allow").await;
    window.says("grafana/grafana").await;
    tab_to(&window, "Remove: grafana/grafana").await;
    window.keys(&Key::Enter.to_string()).await;
    press_at(&window, "Yes: remove").await;
    window.says("The list is empty.").await;

    press_at(&window, "Sign out").await;
    window.says("You are signed out.").await;
    assert_eq!(window.complaints().await, [""; 0]);
}
