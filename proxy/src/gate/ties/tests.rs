use super::*;

fn tag(tag: &str) -> Arc<ImageRef> {
    Arc::new(ImageRef::parse(&format!("a/b:{tag}")).expect("a reference"))
}

fn manifest(digit: char) -> (String, ImageRef) {
    let digest = format!("sha256:{}", String::from(digit).repeat(64));
    let itself = ImageRef::parse(&format!("a/b@{digest}")).expect("a reference");
    (digest, itself)
}

fn parts(digests: &[&str]) -> Vec<String> {
    digests.iter().map(|&digest| digest.to_owned()).collect()
}

#[test]
fn a_digest_is_reached_in_its_repository_only() {
    let (mut ties, now) = (Ties::default(), Instant::now());
    for number in ["1", "2", "1"] {
        ties.resolve("x/a", "sha256:1", &tag(number), now);
    }
    assert_eq!(ties.reached_through("x/a", "sha256:1", now), [tag("1"), tag("2")]);
    assert!(ties.reached_through("x/b", "sha256:1", now).is_empty());
    assert!(ties.reached_through("x/a", "sha256:2", now).is_empty());
    ties.push("x/a", "sha256:3", now);
    assert!(ties.was_pushed("x/a", "sha256:3", now) && !ties.was_pushed("x/b", "sha256:3", now));
}

#[test]
fn memory_is_bounded_and_what_was_not_used_for_longest_goes_first() {
    let (mut ties, now) = (Ties::default(), Instant::now());
    // What is found again, or asked for, is used.
    let (index, itself) = manifest('a');
    ties.contain("x/a", &index, itself, &parts(&["layer"]));
    ties.resolve("x/a", &index, &tag("1"), now);
    ties.resolve("x/a", "again", &tag("2"), now);
    for n in 0..MOST + 10 {
        ties.resolve("x/a", &n.to_string(), &tag("1"), now);
        if n % 1000 == 0 {
            assert_eq!(ties.reached_through("x/a", "layer", now)[0], tag("1"));
            ties.resolve("x/a", "again", &tag("3"), now);
        }
    }
    assert_eq!(ties.known.len(), MOST);
    assert_eq!(ties.reached_through("x/a", "again", now), [tag("3"), tag("2")]);
    assert!(ties.reached_through("x/a", "10", now).is_empty());
    assert_eq!(ties.reached_through("x/a", "20", now), [tag("1")]);
    for n in 0..20 {
        ties.resolve("x/a", "70000", &tag(&n.to_string()), now);
    }
    let newest: Vec<_> = (12..20).rev().map(|n| tag(&n.to_string())).collect();
    assert_eq!(ties.reached_through("x/a", "70000", now), newest);
}

#[test]
fn what_a_tag_stood_for_too_long_ago_counts_no_more() {
    let (mut ties, start) = (Ties::default(), Instant::now());
    let after = |hours| start + Duration::from_hours(hours);
    let ((index, index_itself), (image, image_itself)) = (manifest('a'), manifest('b'));
    ties.resolve("x/a", &index, &tag("1"), start);
    ties.resolve("x/a", &index, &tag("2"), after(6));
    assert_eq!(ties.reached_through("x/a", &index, after(12)), [tag("2"), tag("1")]);
    assert_eq!(ties.reached_through("x/a", &index, after(13)), [tag("2")]);
    assert!(ties.reached_through("x/a", &index, after(19)).is_empty());
    ties.push("x/a", "sent", start);
    assert!(ties.was_pushed("x/a", "sent", after(12)) && !ties.was_pushed("x/a", "sent", after(13)));

    // What is found by digest keeps no tag alive, however often it is found.
    let whole = |way: &[&Arc<ImageRef>]| way.iter().map(|&reference| Arc::clone(reference)).collect::<Vec<_>>();
    let (two, index_itself, image_itself) = (tag("2"), Arc::new(index_itself), Arc::new(image_itself));
    for _ in 0..3 {
        ties.contain("x/a", &index, index_itself.as_ref().clone(), &parts(&[&image]));
        ties.contain("x/a", &image, image_itself.as_ref().clone(), &parts(&["layer"]));
    }
    assert_eq!(ties.reached_through("x/a", "layer", after(18)), whole(&[&two, &image_itself, &index_itself]));
    assert_eq!(ties.reached_through("x/a", "layer", after(19)), whole(&[&image_itself, &index_itself]));
    // The tag's next answer, which engines that have the manifests only look at, counts for all that it leads to.
    ties.resolve("x/a", &index, &two, after(30));
    assert_eq!(ties.reached_through("x/a", "layer", after(31)), whole(&[&two, &image_itself, &index_itself]));
    assert_eq!(ties.reached_through("x/a", &image, after(31)), whole(&[&two, &index_itself]));
}

#[test]
fn ways_without_an_end_have_one() {
    let (mut ties, now) = (Ties::default(), Instant::now());
    let (_, itself) = manifest('a');
    // No hash is part of itself, but the first of these costs nobody anything to try.
    for (whole, part) in [("a", "a"), ("a", "b"), ("b", "a")] {
        ties.contain("x/a", whole, itself.clone(), &parts(&[part]));
    }
    assert_eq!(ties.reached_through("x/a", "a", now), [Arc::new(itself.clone())]);
    for n in 0..1000 {
        ties.contain("x/a", &(n + 1).to_string(), itself.clone(), &parts(&[&n.to_string()]));
    }
    ties.resolve("x/a", "1000", &tag("far"), now);
    ties.resolve("x/a", "10", &tag("near"), now);
    assert_eq!(ties.reached_through("x/a", "0", now), [tag("near"), Arc::new(itself)]);
}

#[test]
fn a_layer_that_many_versions_have_in_common_leads_to_the_tags_of_the_last_ones() {
    let (mut ties, now) = (Ties::default(), Instant::now());
    for n in 0..40 {
        let (index, image) = (format!("index {n}"), format!("image {n}"));
        let (_, itself) = manifest('a');
        ties.resolve("x/a", &index, &tag(&n.to_string()), now);
        ties.contain("x/a", &index, itself.clone(), &parts(&[&image]));
        ties.contain("x/a", &image, itself, &parts(&["base"]));
        assert_eq!(ties.reached_through("x/a", "base", now)[0], tag(&n.to_string()), "the newest first");
    }
    let (_, itself) = manifest('a');
    let last = (40 - MOST_WHOLES..40).rev().map(|n| tag(&n.to_string()));
    assert_eq!(ties.reached_through("x/a", "base", now), last.chain([Arc::new(itself)]).collect::<Vec<_>>());
    // An earlier one that is pulled again comes to the front.
    ties.contain("x/a", "image 1", manifest('a').1, &parts(&["base"]));
    assert_eq!(ties.reached_through("x/a", "base", now)[0], tag("1"));
}

#[test]
fn a_redirect_is_followed_at_once_or_forgotten() {
    let (mut ties, now) = (Ties::default(), Instant::now());
    ties.lead("other.example", "/x", &[], now);
    assert!(ties.led.contains_key(&ties.key("other.example", "/x")));
    for n in 0..2 * MOST_LED {
        ties.lead("other.example", &n.to_string(), &[], now);
    }
    assert_eq!(ties.led.len(), MOST_LED);
}
