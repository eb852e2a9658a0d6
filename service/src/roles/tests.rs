//! Tests of [`super`].

use super::*;

/// Owner, admin, auditor, member, organization token, stranger.
const STANDINGS: [Standing; 6] = [
    Standing::Member(Role::Owner),
    Standing::Member(Role::Admin),
    Standing::Member(Role::Auditor),
    Standing::Member(Role::Member),
    Standing::OrganizationToken,
    Standing::Stranger,
];

/// Every deed with who may do it, letter by letter in the order of [`STANDINGS`], and what it needs: written a second
/// time on purpose, so that nobody gives something away by a slip in the table.
const EXPECTED: [(Deed, &str, Needs); 28] = [
    (Deed::ReadPolicy, "OAUMT-", Needs::Read),
    (Deed::PreviewPolicy, "OA--T-", Needs::Read),
    (Deed::ChangePolicy, "OA--T-", Needs::Write),
    (Deed::ChangeLists, "OA--T-", Needs::Write),
    (Deed::ReadRequests, "OAU-T-", Needs::Read),
    (Deed::AnswerRequests, "OA--T-", Needs::Write),
    (Deed::ReadMembers, "OAU-T-", Needs::Read),
    (Deed::ChangeTeams, "OA----", Needs::Write),
    (Deed::ChangeMembers, "O-----", Needs::Write),
    (Deed::ChangeNamespaces, "O-----", Needs::Write),
    (Deed::AddNamespaces, "O-----", Needs::Write),
    (Deed::ReadActivity, "OAU-T-", Needs::Read),
    (Deed::ChangeKeeping, "O-----", Needs::Write),
    (Deed::ReadMachines, "OAU-T-", Needs::Read),
    (Deed::ReadAudit, "OAU-T-", Needs::Read),
    (Deed::ReadSignIns, "OAU-T-", Needs::Read),
    (Deed::ReadOrganizationTokens, "OAU---", Needs::Read),
    (Deed::ChangeOrganizationTokens, "O-----", Needs::Write),
    (Deed::ReadPublishers, "OAUMT-", Needs::Read),
    (Deed::ChangePublishers, "O-----", Needs::Write),
    (Deed::ChangeOrganizations, "O-----", Needs::Write),
    (Deed::AddAccounts, "O-----", Needs::Write),
    (Deed::ChangeAccounts, "------", Needs::Person),
    (Deed::ReadService, "O-U---", Needs::Read),
    (Deed::ReadOwn, "OAUMTS", Needs::Read),
    (Deed::Ask, "OAUM-S", Needs::Ask),
    (Deed::AnswerInvitations, "OAUM-S", Needs::Write),
    (Deed::ChangeOwn, "OAUM-S", Needs::Person),
];

#[test]
fn every_role_may_do_what_the_matrix_says_and_nothing_else() {
    for (deed, expected, needs) in EXPECTED {
        let row = deed.row();
        assert_eq!(row.deed, deed, "every deed has its row");
        let may: String = STANDINGS
            .iter()
            .zip("OAUMTS".chars())
            .map(|(standing, letter)| if row.allows(*standing) { letter } else { '-' })
            .collect();
        assert_eq!((may.as_str(), row.needs), (expected, needs), "{deed:?}");
        assert!(row.allows(Standing::Local), "{deed:?}");
    }
    assert!(TABLE.iter().all(|row| EXPECTED.iter().any(|(deed, ..)| *deed == row.deed)));
}

#[test]
fn a_role_may_do_all_that_a_lesser_one_may() {
    for row in &TABLE {
        let may = |role| row.allows(Standing::Member(role));
        assert!(may(Role::Owner) >= may(Role::Admin) && may(Role::Auditor) >= may(Role::Member), "{:?}", row.deed);
        // The one thing that an admin does not see is of the service, which more than one organization may share.
        assert!(may(Role::Admin) >= may(Role::Auditor) || row.deed == Deed::ReadService, "{:?}", row.deed);
        assert!(row.needs == Needs::Read || row.place == Place::Own || !may(Role::Auditor), "auditors only read");
    }
}

#[test]
fn in_the_whole_service_each_of_the_roles_has_to_do() {
    use Role::{Admin, Auditor, Member, Owner};
    let all = [Owner, Admin, Auditor, Member];
    for row in TABLE.iter().filter(|row| row.place == Place::Service) {
        let may = |role| row.allows(Standing::Member(role));
        for (one, other) in all.into_iter().flat_map(|one| all.map(|other| (one, other))) {
            let standing = row.in_all(&[one, other]);
            assert_eq!(row.allows(standing), may(one) && may(other), "{:?} {one:?} {other:?}", row.deed);
        }
        assert!(!row.allows(row.in_all(&[])), "{:?}: who belongs to nothing", row.deed);
    }
    let row = Deed::ReadService.row();
    assert_eq!(row.in_all(&[Auditor, Admin]), Standing::Member(Admin), "though an auditor may less than an admin");
    assert_eq!(row.in_all(&[Owner, Auditor]), Standing::Member(Owner));
}

#[test]
fn who_may_is_said_in_words() {
    assert_eq!(Deed::ChangePolicy.row().who(), "owners and admins");
    assert_eq!(Deed::ReadPolicy.row().who(), "owners, admins, auditors and members");
    assert_eq!((Deed::ChangeMembers.row().who(), Deed::ChangeAccounts.row().who()), ("owners".into(), String::new()));
}
