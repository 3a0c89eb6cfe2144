//! A network that can be cut: a TCP proxy before a server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A way to a server.
#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    open: Arc<Mutex<Vec<Line>>>,
    refusing: Arc<AtomicBool>,
}

/// One connection through it.
#[derive(Clone)]
struct Line {
    ends: Arc<[TcpStream; 2]>,
    /// Nothing arrives any more, and nobody is told.
    silent: Arc<AtomicBool>,
}

impl Proxy {
    /// Before a server at an address.
    pub fn new(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            address: listener.local_addr().unwrap(),
            open: Arc::default(),
            refusing: Arc::default(),
        };
        let (proxy, to) = (this.clone(), to.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if !proxy.refusing.load(Ordering::SeqCst)
                    && let Ok(server) = TcpStream::connect(&to)
                {
                    proxy.connect(client, server);
                }
            }
        });
        this
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    fn connect(&self, client: TcpStream, server: TcpStream) {
        let line = Line { ends: Arc::new([client, server]), silent: Arc::default() };
        for (from, to) in [(0, 1), (1, 0)] {
            let line = line.clone();
            std::thread::spawn(move || line.carry(from, to));
        }
        self.open.lock().unwrap().push(line);
    }

    /// Cuts every connection, in the middle of whatever it carries.
    pub fn cut(&self) {
        self.open.lock().unwrap().drain(..).for_each(|line| line.close());
    }

    /// Lets every connection fall silent, as a firewall does that forgot it.
    pub fn forget(&self) {
        for line in self.open.lock().unwrap().iter() {
            line.silent.store(true, Ordering::SeqCst);
        }
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, refusing: bool) {
        self.refusing.store(refusing, Ordering::SeqCst);
    }
}

impl Line {
    fn carry(&self, from: usize, to: usize) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = (&self.ends[from]).read(&mut buffer) {
            let lost = self.silent.load(Ordering::SeqCst);
            if !lost && (&self.ends[to]).write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        if !self.silent.load(Ordering::SeqCst) {
            self.close();
        }
    }

    fn close(&self) {
        for end in self.ends.iter() {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}
