//! Where the other program listens.

use std::{fmt, io, net::TcpStream, path::PathBuf};

use super::client::Stream;

/// The address of an i-PI server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A UNIX socket by its path. i-PI and ASE make `/tmp/ipi_NAME` of a name.
    Unix(PathBuf),
    /// A TCP port. The protocol has no password and no encryption: do not leave the machine with it
    /// unless the network is your own.
    Tcp {
        /// Host, such as `localhost`.
        host: String,
        /// Port.
        port: u16,
    },
}

impl Address {
    /// The UNIX socket that i-PI and ASE make of a name: `/tmp/ipi_NAME`.
    #[must_use]
    pub fn unix_name(name: &str) -> Self {
        Self::Unix(PathBuf::from(format!("/tmp/ipi_{name}")))
    }

    pub(super) fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => Ok(Box::new(std::os::unix::net::UnixStream::connect(path)?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this system has no UNIX sockets",
            )),
            Self::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port))?;
                // Messages are small and each waits for the one before.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}
