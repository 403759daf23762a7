//! A table with a header, as spreadsheets and inventories write it.

use super::entry::{Entry, Found, wanted};

/// Most columns.
const COLUMNS: usize = 64;

/// What a column is.
enum Column {
    Name,
    Address,
    Groups,
    Contact,
    Notes,
    Runbook,
    Checks,
    Label(String),
}

fn column(head: &str) -> Column {
    let word = head.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    match word.as_str() {
        "name" | "host" | "hostname" | "host_name" => Column::Name,
        "address" | "ip" | "ip_address" | "ipaddress" => Column::Address,
        "group" | "groups" | "hostgroups" => Column::Groups,
        "contact" => Column::Contact,
        "notes" | "note" | "description" | "comment" => Column::Notes,
        "runbook" => Column::Runbook,
        "checks" | "check" => Column::Checks,
        _ => Column::Label(word.strip_prefix("label.").unwrap_or(&word).to_owned()),
    }
}

/// Reads a table separated by `,`, `;` or tabs, whichever the header has.
///
/// # Errors
/// When there is no usable header.
pub fn read(text: &str) -> Result<Found, String> {
    let head = text.lines().next().unwrap_or_default();
    let separator = [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| head.bytes().filter(|byte| byte == separator).count())
        .unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| error.to_string())?;
    if heads.len() > COLUMNS {
        return Err(format!("there are more than {COLUMNS} columns"));
    }
    let columns: Vec<Column> = heads.iter().map(column).collect();
    if !columns.iter().any(|column| matches!(column, Column::Name)) {
        return Err("line 1: no column is called name; write a header such as \
                    name,address,groups,site"
            .to_owned());
    }
    let mut found = Found::default();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, ::csv::Position::line);
                let line = usize::try_from(line).unwrap_or(0);
                row(&columns, &record, line, &mut found);
            }
            Err(error) => found.note(0, error.to_string()),
        }
    }
    Ok(found)
}

fn row(columns: &[Column], record: &::csv::StringRecord, line: usize, found: &mut Found) {
    let mut entry = Entry::new("", "", line);
    let mut checks: Option<&str> = None;
    for (column, value) in columns.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
        let some = || Some(value.to_owned());
        match column {
            Column::Name => value.clone_into(&mut entry.name),
            Column::Address => value.clone_into(&mut entry.address),
            Column::Groups => entry.groups.extend(words(value).map(str::to_owned)),
            Column::Contact => entry.contact = some(),
            Column::Notes => entry.notes = some(),
            Column::Runbook => entry.runbook = some(),
            Column::Checks => checks = Some(value),
            Column::Label(name) => {
                entry.labels.insert(name.clone(), value.to_owned());
            }
        }
    }
    if record.iter().all(str::is_empty) {
        return;
    }
    if let Some(checks) = checks {
        entry.checks.clear();
        let address = if entry.address.is_empty() { &entry.name } else { &entry.address };
        for word in words(checks) {
            match wanted(word, address) {
                Some(check) => entry.checks.push(check),
                None => {
                    let word: String = word.chars().take(64).collect();
                    found.note(
                        line,
                        format!("check {word:?} was left out; write ping, ssh, http or tcp:PORT"),
                    );
                }
            }
        }
    }
    found.entries.push(entry);
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '|', ' ']).map(str::trim).filter(|word| !word.is_empty())
}
