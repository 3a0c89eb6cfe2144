//! How long a backend takes to start, and how much memory it holds when it has nothing to do.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::front;
use crate::generated_model;
use crate::process::{Server, firm, folder, remove, shop};
use crate::table;

const ROUNDS: usize = 5;

/// Starts the shop and a model of 200 entities, with an empty store and with one that is there.
pub fn measure() -> Result<()> {
    let generated = folder("start-model")?;
    for (path, text) in front::world(&generated_model::model(200, 1_000)) {
        let path = generated.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, text)?;
    }
    let mut rows = Vec::new();
    for (name, model) in
        [("the shop", shop()), ("200 entities, 1,000 operations", generated.clone())]
    {
        let (mut first, mut again, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let data = folder("start-data")?;
            let start = || -> Result<(f64, Server)> {
                let mut command = Command::new(firm()?);
                command.arg("up").arg(&model).args(["--listen", "127.0.0.1:0", "--json"]);
                command.args(["--log", "off", "--data"]).arg(&data);
                let before = Instant::now();
                let server = Server::start(&mut command)?;
                Ok((before.elapsed().as_secs_f64() * 1e3, server))
            };
            first.push(start()?.0);
            let (time, server) = start()?;
            again.push(time);
            std::thread::sleep(Duration::from_secs(2));
            memory.push(server.resident()?);
            drop(server);
            remove(&data);
        }
        rows.push(vec![
            name.to_owned(),
            format!("{:.0}", table::median(first)),
            format!("{:.0}", table::median(again)),
            format!("{:.0}", table::median(memory)),
        ]);
    }
    remove(&generated);
    let head = ["model", "first start, ms", "later starts, ms", "idle memory, MB"];
    table::print("`firm up` on the embedded store, until it serves (medians of 5)", &head, &rows);
    Ok(())
}
