//! Mount tables of a server, a container and an attacker; numbers against `df`.

use super::*;

fn points(text: &str, exclude: &[&str]) -> Vec<String> {
    let exclude: Vec<Pattern> = exclude.iter().map(|glob| glob.parse().unwrap()).collect();
    mounts(text.as_bytes(), &exclude).iter().map(|mount| shown(&mount.point)).collect()
}

const SERVER: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 27 254:16 / /srv/my\\040data rw - xfs /dev/vdb rw
31 27 254:0 /var/cache /srv/cache rw - ext4 /dev/vda rw
32 27 254:16 / /mnt/again rw - xfs /dev/vdb rw
33 27 7:0 / /snap/core ro - squashfs /dev/loop0 ro
34 27 254:32 / /mnt/iso ro - ext4 /dev/vdc rw
35 27 254:48 / /mnt/broken rw - ext4 /dev/vdd ro
36 27 0:40 /@home /home rw - btrfs /dev/vde rw,subvol=/@home
37 27 0:40 /@var /var rw - btrfs /dev/vde rw,subvol=/@var
38 27 0:50 / /run rw - tmpfs tmpfs rw
39 27 0:51 / /net/files rw - nfs4 10.0.0.5:/export rw
40 27 0:52 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
41 27 254:64 / /hidden rw - ext4 /dev/vdf rw
42 27 0:53 / /hidden rw - tmpfs tmpfs rw
";

#[test]
fn fm_10_only_disks_are_asked_and_each_once() {
    assert_eq!(points(SERVER, &[]), ["/", "/var", "/mnt/again", "/net/files"]);
    assert_eq!(points(SERVER, &["/net/*", "/v?r"]), ["/", "/mnt/again"]);
    let container = "1 0 0:60 / / rw - overlay overlay rw\n\
                     2 1 254:0 /docker/hosts /etc/hosts rw - ext4 /dev/vda rw\n";
    assert_eq!(points(container, &[]), ["/"]);
    let subvolume = "1 0 0:30 /@ / rw - btrfs /dev/sda rw\n2 1 0:30 /@home /home rw - btrfs x rw\n";
    assert_eq!(points(subvolume, &[]), ["/"]);
}

#[test]
fn odd_tables_are_survived() {
    assert_eq!(points("", &[]), [""; 0]);
    for bad in ["x", "1 2 3", "1 2 8:1 / /a rw", "1 2 8:1 / /a rw -", " - - - - - - -"] {
        assert_eq!(points(bad, &[]), [""; 0], "{bad}");
    }
    let odd = "1 0 8:1 / /a\\134b\\011\\012\\033[2J\\9 rw - ext4 x rw\n";
    assert_eq!(points(odd, &[]), ["/a\\b ␤␛[2J\\9"]);
    let many: Vec<String> =
        (0..1000).map(|n| format!("1 0 8:{n} / /m{n} rw - ext4 x rw")).collect();
    assert_eq!(points(&many.join("\n"), &[]).len(), MOUNT_LIMIT);
}

#[test]
fn fm_10_percent_is_as_df_prints_it() {
    let usage = Usage { blocks: 1000, free: 250, available: 200, files: 100, files_free: 25 };
    let percent = usage.percent().unwrap();
    assert!((percent - 750.0 / 950.0 * 100.0).abs() < 1e-9);
    assert_eq!(usage.inode_percent(), Some(75.0));
    assert_eq!(Usage::default().percent(), None);
    assert_eq!(Usage::default().inode_percent(), None);
    let full = Usage { blocks: 1000, free: 50, available: 0, ..Usage::default() };
    assert_eq!(full.percent(), Some(100.0));
    let odd = Usage { blocks: 10, free: 20, available: 0, ..Usage::default() };
    assert_eq!(odd.percent(), None, "more free than there is");
}

#[tokio::test]
async fn fm_10_this_machine_agrees_with_df() {
    let answers = ask(Path::new("/proc"), &[]).collect(Instant::now() + Duration::from_secs(20));
    let answers = answers.await;
    let metrics = answers.usage_metrics();
    let root = metrics.iter().find(|metric| metric.instance.as_deref() == Some("/"));
    let Some(root) = root else {
        // A read-only root is left out by design; then nothing of it is to be compared.
        assert!(std::fs::read_to_string("/proc/self/mountinfo").unwrap().contains(" / ro"));
        return;
    };
    let df = std::process::Command::new("df").args(["--output=pcent", "/"]).output().unwrap();
    let text = String::from_utf8(df.stdout).unwrap();
    let percent: f64 = text.lines().nth(1).unwrap().trim().trim_end_matches('%').parse().unwrap();
    assert!((root.value.ceil() - percent).abs() <= 1.0, "{} against {percent}", root.value);
}

#[tokio::test]
async fn a_mount_that_does_not_answer_is_named_and_not_asked_again() {
    // Somebody's open question stands in for a file server that is gone.
    let proc = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(proc.path().join("self")).unwrap();
    let point = proc.path().join("dead");
    let table = format!("1 0 0:77 / {} rw - nfs4 10.0.0.5:/x rw\n", point.display());
    std::fs::write(proc.path().join("self/mountinfo"), table).unwrap();
    let question = Open::new(&point).unwrap();
    // A young question may be another check's: the mount is asked all the same.
    let young = Open::new(&point).unwrap();
    let long_ago = Instant::now().checked_sub(STALLED * 2).unwrap();
    OPEN.lock().unwrap().insert(point.clone(), (long_ago, 2));
    let until = Instant::now() + Duration::from_secs(20);
    let answers = ask(proc.path(), &[]).collect(until).await;
    assert_eq!(answers.silent, [format!("{} does not answer", point.display())]);
    drop(question);
    drop(young);
    assert!(!OPEN.lock().unwrap().contains_key(&point));
    let answers = ask(proc.path(), &[]).collect(until).await;
    assert!(answers.silent.is_empty() && answers.failing.is_empty(), "it does not exist: gone");

    // One whose answer does not come in time is named too.
    let (_sender, receiver) = mpsc::channel(1);
    let questions = Questions {
        waiting: BTreeMap::from([(point, "/dead".to_owned())]),
        answers: receiver,
        collected: Answers::default(),
    };
    let answers = questions.collect(Instant::now() + Duration::from_millis(20)).await;
    assert_eq!(answers.silent, ["/dead does not answer"]);
}

#[tokio::test]
async fn a_missing_table_is_said() {
    let proc = tempfile::TempDir::new().unwrap();
    let answers = ask(proc.path(), &[]).collect(Instant::now() + Duration::from_secs(5)).await;
    assert!(answers.unasked[0].starts_with("cannot read "), "{answers:?}");
}
