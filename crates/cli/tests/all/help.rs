use crate::firm::Scratch;

/// The names of all commands, as `firm --help` lists them.
fn commands(scratch: &Scratch) -> Vec<String> {
    let help = scratch.firm(&["--help"]).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_says_what_it_does_and_shows_an_example() {
    let scratch = Scratch::new("help");
    let commands = commands(&scratch);
    assert!(commands.contains(&"new".to_owned()));
    for command in commands {
        let help = scratch.firm(&[&command, "--help"]);
        assert_eq!(help.code, 0, "{help:?}");
        assert!(help.stdout.contains("Example:\n  firm "), "{command} has no example");
        let example = help.stdout.split("Example:\n").nth(1).unwrap();
        assert!(example.contains(&format!("firm {command}")), "{command}: {example}");
        assert!(help.stdout.contains("--json"), "{command} has no --json");
    }
}

#[test]
fn a_wrong_command_line_could_not_run() {
    let scratch = Scratch::new("wrong-command");
    let wrong = scratch.firm(&["chekc"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stdout.is_empty());
}

/// `deploy/.env.example` of a design names whatever `firm up` reads from the environment.
#[test]
fn every_variable_that_up_reads_is_in_the_example() {
    let scratch = Scratch::new("variables");
    let help = scratch.firm(&["up", "--help"]).stdout;
    let variables: Vec<&str> =
        help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).collect();
    assert!(variables.len() > 3, "{variables:?}");
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop/firmitas.yaml");
    scratch.write("firmitas.yaml", std::fs::read(shop).unwrap());
    assert_eq!(scratch.firm(&["design", "."]).code, 0);
    let example = scratch.read("design/deploy/.env.example");
    let compose = scratch.read("design/deploy/compose.yaml");
    for variable in variables {
        assert!(example.contains(variable), "{variable} is not in .env.example");
        assert!(compose.contains(&format!("{variable}:")), "{variable} is not in compose.yaml");
    }
}
