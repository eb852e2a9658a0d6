use std::fs;

use super::*;

fn records(ids: std::ops::Range<u32>) -> Vec<Record> {
    ids.map(|id| Record { id: format!("{id:08}"), image: "docker.io/library/alpine:3".repeat(4), ..Record::default() })
        .collect()
}

/// Everything, in the order in which it would be sent.
fn drain(spool: &mut Spool) -> (Vec<String>, u64) {
    let (mut ids, mut dropped) = (Vec::new(), 0);
    loop {
        let batch = spool.peek(100).expect("peek");
        if batch.is_empty() {
            return (ids, dropped);
        }
        ids.extend(batch.records.iter().map(|record| record.id.clone()));
        dropped += batch.dropped;
        spool.consume(&batch).expect("consume");
    }
}

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    records(range).into_iter().map(|record| record.id).collect()
}

#[test]
fn records_come_out_once_in_order_across_restarts() {
    let directory = tempfile::tempdir().expect("directory");
    let open = || Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    let mut spool = open();
    spool.append(&records(0..250), 0).expect("append");
    let batch = spool.peek(100).expect("peek");
    assert_eq!(batch.records, records(0..100));
    assert_eq!(spool.peek(100).expect("peek"), batch, "reading consumes nothing");
    spool.consume(&batch).expect("consume");
    let mut spool = open();
    spool.append(&records(250..300), 0).expect("append");
    assert_eq!(drain(&mut spool), (ids(100..300), 0));
    let mut spool = open();
    assert_eq!(drain(&mut spool), (vec![], 0));
    spool.append(&records(300..301), 0).expect("append");
    assert_eq!(drain(&mut spool), (ids(300..301), 0));
}

#[test]
fn beyond_the_limit_the_oldest_go_and_are_counted() {
    let directory = tempfile::tempdir().expect("directory");
    let limit = 200 << 10;
    let mut spool = Spool::open(directory.path(), limit).expect("open");
    for n in 0..100 {
        spool.append(&records(n * 100..(n + 1) * 100), 0).expect("append");
        let on_disk: u64 = fs::read_dir(directory.path().join("spool"))
            .expect("list")
            .map(|entry| entry.expect("entry").metadata().expect("metadata").len())
            .sum();
        assert!(on_disk <= limit + 1024, "{on_disk} bytes on disk");
    }
    let (left, dropped) = drain(&mut spool);
    assert!(dropped > 0 && !left.is_empty());
    assert_eq!(left.len() as u64 + dropped, 10_000, "each record is there or counted");
    assert_eq!(left, ids(u32::try_from(dropped).expect("small")..10_000));
    assert_eq!(drain(&mut spool), (vec![], 0), "the count is reported once");
}

#[test]
fn what_the_plugin_lost_is_counted_also_when_it_starts_anew() {
    let directory = tempfile::tempdir().expect("directory");
    let mut spool = Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    for (counter, expected) in [(0, 0), (5, 5), (5, 0), (7, 2), (3, 3)] {
        spool.append(&[], counter).expect("append");
        assert_eq!(drain(&mut spool).1, expected, "counter {counter}");
    }
    spool.append(&[], 4).expect("append");
    let mut spool = Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    spool.append(&[], 4).expect("append");
    assert_eq!(drain(&mut spool).1, 1, "a restart of the agent counts nothing twice and forgets nothing");
}

#[test]
fn a_cut_or_altered_frame_costs_no_other() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("spool/00000000000000000001.log");
    Spool::open(directory.path(), DEFAULT_LIMIT).expect("open").append(&records(0..3), 0).expect("append");
    let whole = fs::read(&file).expect("read");
    let frame = whole.len() / 3;
    for length in 0..=whole.len() {
        fs::write(&file, &whole[..length]).expect("write");
        let mut spool = Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
        spool.append(&records(10..11), 0).expect("append");
        let complete = u32::try_from(length / frame).expect("small");
        let expected = [ids(0..complete), ids(10..11)].concat();
        assert_eq!(drain(&mut spool).0, expected, "cut to {length} bytes");
        fs::remove_dir_all(directory.path().join("spool")).expect("remove");
        fs::create_dir(directory.path().join("spool")).expect("directory");
    }
    let mut altered = whole.clone();
    altered[frame + 20] ^= 1;
    fs::write(&file, &altered).expect("write");
    let mut spool = Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    assert_eq!(drain(&mut spool), ([ids(0..1), ids(2..3)].concat(), 1), "the altered one is skipped and counted");
}

#[test]
fn a_failed_append_keeps_nothing_and_the_next_one_works() {
    let directory = tempfile::tempdir().expect("directory");
    let mut spool = Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    // As a full disk: no segment can be made where a directory of that name is.
    let path = directory.path().join("spool/00000000000000000001.log");
    fs::create_dir(&path).expect("directory");
    spool.append(&records(0..1), 0).expect_err("no segment");
    fs::remove_dir(&path).expect("remove");
    spool.append(&records(1..2), 0).expect("append");
    assert_eq!(drain(&mut spool).0, ids(1..2));
}

/// Whatever happens to a file, while the spool is open or before: what is behind it arrives, what was
/// in it arrives or is counted, and it comes to an end.
#[test]
fn no_damage_of_a_file_stops_the_others() {
    type Spoil = fn(&[u8]) -> Vec<u8>;
    let spoil: [Spoil; 7] = [
        |whole| whole[..whole.len() / 2 + 3].to_vec(),
        |_| vec![],
        |whole| {
            let mut bytes = whole.to_vec();
            bytes[20] ^= 1;
            bytes
        },
        // Lengths: none, far too large, a little too large.
        |whole| [&[0; 4], &whole[4..]].concat(),
        |whole| [&[0xff; 4], &whole[4..]].concat(),
        |whole| [&[whole[0] + 1], &whole[1..]].concat(),
        |whole| vec![0; whole.len()],
    ];
    for (n, spoil) in spoil.iter().enumerate() {
        for opened_before in [true, false] {
            let directory = tempfile::tempdir().expect("directory");
            let file = directory.path().join("spool/00000000000000000001.log");
            let open = || Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
            open().append(&records(0..10), 0).expect("append");
            open().append(&records(10..20), 0).expect("append");
            let mut spool = open();
            fs::write(&file, spoil(&fs::read(&file).expect("read"))).expect("write");
            if !opened_before {
                spool = open();
            }
            let (arrived, dropped) = drain(&mut spool);
            assert!(arrived.ends_with(&ids(10..20)), "damage {n}: {arrived:?}");
            let of_first = arrived.len() as u64 - 10;
            assert!(of_first < 10 || dropped > 0, "damage {n}");
            if opened_before {
                assert_eq!(of_first + dropped, 10, "damage {n}: each arrives or is counted");
            } else {
                assert!(dropped > 0 || spoil(b"0123456789012345678901234").is_empty(), "damage {n}: at least one");
            }
            assert_eq!(drain(&mut open()), (vec![], 0), "damage {n}: told once");
        }
    }
}

#[test]
fn a_file_that_is_gone_is_counted_and_the_directory_is_made_again() {
    let directory = tempfile::tempdir().expect("directory");
    let root = directory.path().join("state");
    let mut spool = Spool::open(&root, DEFAULT_LIMIT).expect("open");
    spool.append(&records(0..10), 0).expect("append");
    fs::remove_dir_all(&root).expect("remove");
    spool.append(&records(10..20), 0).expect("append");
    assert_eq!(drain(&mut spool), (ids(10..20), 10));
    fs::remove_dir_all(&root).expect("remove");
    spool.append(&records(20..30), 0).expect("append");
    drop(spool);
    assert_eq!(drain(&mut Spool::open(&root, DEFAULT_LIMIT).expect("open")), (ids(20..30), 0), "it is on the disk");
}

#[test]
fn a_segment_that_is_a_directory_holds_nothing_up() {
    let directory = tempfile::tempdir().expect("directory");
    let mut spool = Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    fs::create_dir(directory.path().join("spool/00000000000000000000.log")).expect("directory");
    spool.append(&records(0..3), 0).expect("append");
    assert_eq!(drain(&mut Spool::open(directory.path(), DEFAULT_LIMIT).expect("open")).0, ids(0..3));
}

#[test]
fn records_go_to_no_other_service_than_the_one_they_were_made_under() {
    let at = |at_ms: i64, ids: std::ops::Range<u32>| -> Vec<Record> {
        records(ids).into_iter().map(|record| Record { at_ms, ..record }).collect()
    };
    let directory = tempfile::tempdir().expect("directory");
    let open = || Spool::open(directory.path(), DEFAULT_LIMIT).expect("open");
    let mut spool = open();
    spool.belongs_to("https://a.example", 1000).expect("note");
    spool.append(&at(1500, 0..3), 0).expect("append");
    spool.belongs_to("https://a.example", 1700).expect("note");
    assert_eq!(spool.peek(100).expect("peek").records.len(), 3, "the same one");
    let mut spool = open();
    spool.belongs_to("https://b.example", 2000).expect("note");
    // The plugin still held some of the time before.
    spool.append(&[at(1900, 3..5), at(2000, 5..6)].concat(), 0).expect("append");
    assert_eq!(drain(&mut spool), (ids(5..6), 5));
    let mut spool = open();
    spool.belongs_to("https://b.example", 3000).expect("note");
    assert_eq!(drain(&mut spool), (vec![], 0));
}
