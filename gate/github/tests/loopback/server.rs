//! A server of bytes: it answers what it is told, cut off where it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a client sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What the server does.
pub(crate) enum Reaction {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, then nothing, for ever.
    Hang(Vec<u8>),
    /// These bytes, one at a time and never all.
    Drip(Vec<u8>),
    /// A reset without an answer.
    Reset,
    /// A head, then a body without end.
    Endless,
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: &str) -> Reaction {
    with(status, "", body)
}

/// An answer with further headers, each ending in CRLF.
pub(crate) fn with(status: u16, headers: &str, body: &str) -> Reaction {
    let length = body.len();
    Reaction::Bytes(
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
            .into_bytes(),
    )
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers every request as `react` says, which is told how many came before.
    pub(crate) async fn start(
        react: impl Fn(usize, &Request) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let react = Arc::new(react);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, react) = (Arc::clone(&seen), Arc::clone(&react));
                tokio::spawn(async move { serve(stream, &seen, &*react).await });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        let requests = self.requests.lock().expect("not poisoned");
        requests
            .iter()
            .filter(|request| request.method == method)
            .count()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    react: &(impl Fn(usize, &Request) -> Reaction + ?Sized),
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let reaction = {
        let mut seen = seen.lock().expect("not poisoned");
        let before = seen.len();
        seen.push(request.clone());
        react(before, &request)
    };
    // A client that has gone away is what some tests want.
    let _ = match reaction {
        Reaction::Bytes(bytes) => stream.write_all(&bytes).await,
        Reaction::Hang(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending().await
        }
        Reaction::Drip(bytes) => drip(&mut stream, &bytes).await,
        Reaction::Reset => stream.set_zero_linger(),
        Reaction::Endless => endless(&mut stream).await,
    };
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0_usize) {
                let mut words = head.split(' ').map(str::to_owned);
                return Some(Request {
                    method: words.next()?,
                    path: words.next()?,
                    head: head.to_owned(),
                    body: body.to_owned(),
                });
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Every byte comes in time for a timeout that counts per read.
async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    loop {
        stream.write_all(&[b' '; 1 << 16]).await?;
    }
}
