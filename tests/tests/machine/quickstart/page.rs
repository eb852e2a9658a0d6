//! The commands of a page: its blocks of code, a line each, under their headings.

/// A block of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The heading that it stands under, without its marks.
    pub heading: String,
    /// What a reader types, a line each.
    pub commands: Vec<String>,
}

/// All blocks, in their order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut heading, mut open) = (String::new(), None::<Vec<String>>);
    for line in page.lines() {
        match (line.trim_end(), &mut open) {
            ("```", None) => open = Some(Vec::new()),
            ("```", Some(_)) => {
                let commands = open.take().unwrap_or_default();
                blocks.push(Block { heading: heading.clone(), commands });
            }
            (command, Some(commands)) => commands.push(command.to_owned()),
            (text, None) => {
                if let Some(text) = text.strip_prefix("## ") {
                    text.clone_into(&mut heading);
                }
            }
        }
    }
    assert_eq!(open, None, "a block is not closed");
    blocks
}

#[test]
fn a_page_has_its_blocks_in_order() {
    let found = blocks("# T\n```\na  # why\nb\n```\n## One\ntext `x`\n```\nc\n```\n");
    let block = |heading: &str, commands: &[&str]| Block {
        heading: heading.to_owned(),
        commands: commands.iter().map(|&command| command.to_owned()).collect(),
    };
    assert_eq!(found, [block("", &["a  # why", "b"]), block("One", &["c"])]);
}
