//! The services that listen, and their listeners.

use std::net::SocketAddr;

/// One address that a service listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// The service behind it.
    pub service: Service,
    /// Over what. With both, port 0 asks for one number that is free for both.
    pub transports: Transports,
    /// Where. Port 0 takes a free one.
    pub address: SocketAddr,
}

/// A service that listens. A new one is a variant here and a row of the option table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// HTTP: the static site and the JSON services.
    Web,
    /// HTTP: dashboard and control.
    Panel,
    /// The old daytime-like server.
    Legacy,
    /// Proof of work over lines.
    Pow,
    /// HTTP: the first catalog of the bookstore.
    Catalog1,
    /// HTTP: the second catalog.
    Catalog2,
    /// HTTP: the first order server of the bookstore.
    Order1,
    /// HTTP: the second order server.
    Order2,
    /// The live chat over lines.
    Chat,
}

/// The transports of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transports {
    /// A TCP listener.
    Tcp,
    /// A TCP listener and a UDP socket with the same port number.
    TcpAndUdp,
}

impl Service {
    /// All of them, in the order of the help.
    pub const ALL: [Service; 9] = [
        Service::Web,
        Service::Panel,
        Service::Legacy,
        Service::Pow,
        Service::Chat,
        Service::Catalog1,
        Service::Catalog2,
        Service::Order1,
        Service::Order2,
    ];

    /// The transports of its listener.
    pub fn transports(self) -> Transports {
        match self {
            Service::Legacy => Transports::TcpAndUdp,
            Service::Web
            | Service::Panel
            | Service::Pow
            | Service::Chat
            | Service::Catalog1
            | Service::Catalog2
            | Service::Order1
            | Service::Order2 => Transports::Tcp,
        }
    }

    /// The name that flags, `listening` lines and logs use.
    pub fn name(self) -> &'static str {
        match self {
            Service::Web => "web",
            Service::Panel => "panel",
            Service::Legacy => "legacy",
            Service::Pow => "pow",
            Service::Catalog1 => "catalog-1",
            Service::Catalog2 => "catalog-2",
            Service::Order1 => "order-1",
            Service::Order2 => "order-2",
            Service::Chat => "chat",
        }
    }

    /// Returns whether its listener is one of the bookstore: of a front, or of a replica.
    pub fn is_of_the_store(self) -> bool {
        match self {
            Service::Web
            | Service::Panel
            | Service::Catalog1
            | Service::Catalog2
            | Service::Order1
            | Service::Order2 => true,
            Service::Legacy | Service::Pow | Service::Chat => false,
        }
    }
}
