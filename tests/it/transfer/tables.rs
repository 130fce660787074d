//! Tables of members as spreadsheets write them.

use std::fmt::Write;

use expect_test::{Expect, expect};
use parvis::flow::members_csv::read;
use proptest::prelude::*;

use super::scene::at;

fn shown(bytes: &[u8]) -> String {
    let rows = match read(bytes, at(0)) {
        Ok(rows) => rows,
        Err(error) => return format!("none: {error}\n"),
    };
    let mut text = String::new();
    for row in &rows.rows {
        let wish = &row.wish;
        write!(text, "{}: {}", row.line, wish.email).expect("memory");
        if let Some(name) = &wish.name {
            write!(text, " {name:?}").expect("memory");
        }
        for (key, value) in &wish.settings {
            write!(text, " {key}={value}").expect("memory");
        }
        text.push('\n');
    }
    rows.bad.iter().for_each(|row| writeln!(text, "{}! {}", row.line, row.why).expect("memory"));
    if !rows.ignored_columns.is_empty() {
        writeln!(text, "ignored: {:?}", rows.ignored_columns).expect("memory");
    }
    text
}

fn check(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&shown(bytes));
}

const PLAIN: &str = "email,name\nanne@people.example,Zoé Été\nbob@people.example,\n";

#[test]
fn one_table_in_every_form() {
    let expected = "2: anne@people.example \"Zoé Été\"\n3: bob@people.example\n";
    let utf16 = |mark: [u8; 2], of: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), PLAIN.replace(',', "\t").encode_utf16().flat_map(of).collect()].concat()
    };
    let latin1: Vec<u8> = PLAIN.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    for (form, bytes) in [
        ("plain", PLAIN.as_bytes().to_vec()),
        ("with a mark", format!("\u{feff}{PLAIN}").into_bytes()),
        ("CRLF", PLAIN.replace('\n', "\r\n").into_bytes()),
        ("CR", PLAIN.replace('\n', "\r").into_bytes()),
        ("semicolons", PLAIN.replace(',', ";").into_bytes()),
        ("tabs", PLAIN.replace(',', "\t").into_bytes()),
        ("windows-1252", latin1),
        ("UTF-16LE", utf16([0xff, 0xfe], u16::to_le_bytes)),
        ("UTF-16BE", utf16([0xfe, 0xff], u16::to_be_bytes)),
        (
            "quoted",
            "\"email\",\"name\"\n\"anne@people.example\",\"Zoé Été\"\n\"bob@people.example\",\"\"".into(),
        ),
        ("capitals", PLAIN.replace("email,name", "E-Mail,Nom").into_bytes()),
        ("blanks", PLAIN.replace(',', " , ").into_bytes()),
        ("empty columns", PLAIN.replace('\n', ",,\n").into_bytes()),
        ("empty rows", format!("{PLAIN}\n,\n ;\n").replace(" ;", ",,,").into_bytes()),
    ] {
        assert_eq!(shown(&bytes), expected, "{form}");
    }
    let told = format!("sep=;\r\n{}", PLAIN.replace(',', ";"));
    assert_eq!(shown(told.as_bytes()), "3: anne@people.example \"Zoé Été\"\n4: bob@people.example\n");
}

#[test]
fn rows_that_cannot_be_taken() {
    check(
        "email,name,reading,since,language,state\n\
         anne@people.example,Anne,Daily,2019-03-31,fr,Active\n\
         \n\
         a@b>\r\nDATA,x\n\
         \"a@b.example>\r\nRCPT TO:<x@y.example>\",x\n\
         ,Nobody,each\n\
         bob@people.example,Bob,each,31/03/2019\n\
         carla@people.example,Carla,each,2999-01-01\n\
         dora@people.example,Dora,often\n\
         emil@people.example,Emil,,,de\n\
         fanny@people.example,Fanny,,,,left\n\
         ANNE@people.example,Anne again\n\
         gus@people.example,Gus,each,2019-03-31,fr,active,and more\n\
         émile@people.example,É\n\
         hans@people.example,Hans\n"
            .as_bytes(),
        expect![[r#"
            2: anne@people.example "Anne" reading=daily state=active
            17: hans@people.example "Hans"
            4! "a@b>" is not an address: the part after the @ is not a domain
            5! "DATA" is not an address: an address is written name@domain
            6! a quotation mark is opened and not closed in its line
            7! "RCPT TO:<x@y.example>\"" is not an address: the part before the @ is not one mail can be sent to
            8! there is no address
            9! since cannot be "31/03/2019": it takes a day such as 2019-03-31
            10! since cannot be "2999-01-01": that day is still to come
            11! reading cannot be "often": it takes each, daily, weekly or none
            12! language cannot be "de": it takes fr or en
            13! state is left: whoever this is was no member
            14! ANNE@people.example is in line 2 already
            15! "and more" is beyond the last column; a text with a separator in it goes in "…"
            16! "émile@people.example" is not an address: addresses with letters outside ASCII are not taken yet
        "#]],
    );
}

#[test]
fn files_that_are_no_tables() {
    for (text, expected) in [
        (
            "",
            expect![[r#"
            none: the file is empty; its first line should name the columns: email,name,reading,day,language,role,since
        "#]],
        ),
        (
            " \r\n\n",
            expect![[r#"
            none: the file is empty; its first line should name the columns: email,name,reading,day,language,role,since
        "#]],
        ),
        (
            "anne@people.example\nbob@people.example\n",
            expect![[r#"
            none: line 1 holds an address, not the names of the columns; write a line such as email,name above it
        "#]],
        ),
        (
            "Anne,anne@people.example\n",
            expect![[r#"
            none: line 1 holds an address, not the names of the columns; write a line such as email,name above it
        "#]],
        ),
        (
            "\nname,address\nx,y\n",
            expect![[r#"
            none: line 2 names no column email; it says "name,address"
        "#]],
        ),
        ("email\n", expect![[r#""#]]),
        (
            "email,\"name\nx",
            expect![[r#"
            none: line 1 names no column email; it says ""
        "#]],
        ),
    ] {
        check(text.as_bytes(), expected);
    }
    let huge = vec![b'a'; (64 << 20) + 1];
    assert_eq!(shown(&huge), "none: the file is larger than 64 MiB\n");
}

#[test]
fn quotation_marks() {
    check(
        b"email,name,address,hour\n\
          a@x.example,\"A \"\"the\"\" one\",\"1, street\nHamlet\",7\n\
          b@x.example,\"never closed,,8\n\
          c@x.example,C \"c\" C,,9\n\
          d@x.example,'D',,10\n",
        expect![[r#"
            2: a@x.example "A \"the\" one" hour=7
            5: c@x.example "C \"c\" C" hour=9
            6: d@x.example "'D'" hour=10
            4! a quotation mark is opened and not closed in its line
            ignored: ["address"]
        "#]],
    );
    // Far behind an open mark the rows are rows again.
    let long: String = (0..40).map(|n| format!("r{n}@x.example,R\n")).collect();
    let text = shown(format!("email,name\na@x.example,\"open\n{long}").as_bytes());
    assert_eq!(text.lines().filter(|line| line.contains("@x.example")).count(), 40);
    assert!(text.ends_with("2! a quotation mark is opened and not closed in its line\n"), "{text}");
}

proptest! {
    #[test]
    fn garbage_is_read(bytes: Vec<u8>, text in "(email|,|;|\"|\n|\r|\t|a@b.example|sep=|é|=|'){0,60}") {
        let _ = (shown(&bytes), shown(text.as_bytes()));
        let with_header = format!("email,name,since\n{text}");
        let _ = shown(with_header.as_bytes());
    }
}

#[test]
fn every_beginning_of_a_table_is_read() {
    let table = "\u{feff}email;name;since\r\n\"a@b.example\";\"x\r\ny\";2019-01-01\r\nb@c.example;é\r\n";
    (0..table.len()).for_each(|end| drop(shown(&table.as_bytes()[..end])));
    // A mark opened in every line is looked for no further than some lines.
    let open = "a@b.example,\"\n".repeat(20_000);
    assert!(shown(format!("email,name\n{open}").as_bytes()).len() > 20_000);
}
