//! temporary
use pentad::limits::Limits;
use pentad::net::{self, Doors, Plan, Setup};
use pentad::service::http::Face;
use pentad::service::{Kind, Transport, World, legacy, panel, pi, web};
use std::time::Duration;

fn main() {
    let a = |p: u16| format!("127.0.0.1:{p}").parse().unwrap();
    let plans = [
        Plan { service: "web", addr: a(8080), doors: Doors::Tcp(Kind::Http(Face::Web)) },
        Plan { service: "panel", addr: a(5000), doors: Doors::Tcp(Kind::Http(Face::Panel)) },
        Plan {
            service: "legacy",
            addr: a(31416),
            doors: Doors::Both(Kind::Legacy(Transport::Tcp), Kind::Legacy(Transport::Udp)),
        },
    ];
    let doors = net::bind(&plans).unwrap();
    for d in &doors {
        println!("listening {} {:?} {}", d.service, d.transport(), d.addr);
    }
    let limits = Limits::default();
    let world = World {
        web: web::State::new(limits, true, false),
        pi: pi::State {
            upstream: a(31416),
            timeout: Duration::from_secs(2),
            kernel: pentad::work::pi::Kernel::detect(),
        },
        legacy: legacy::State {
            delay: Duration::from_millis(500),
            corruption: 0.5,
            rate: 20.0,
            burst: 40.0,
            ports: vec![31416],
            probes: Default::default(),
            sources: Default::default(),
        },
        panel: panel::State { services: vec!["web", "panel", "legacy"] },
    };
    std::fs::create_dir_all("/tmp/pd").unwrap();
    let database =
        pentad::work::db::Database::open(std::path::Path::new("/tmp/pd/pentad.db")).unwrap();
    let r = net::run(
        Setup {
            doors,
            world,
            limits,
            workers: 2,
            database,
            log: None,
            seed: 1,
            grace: Duration::from_secs(10),
        },
        || println!("ready"),
    );
    println!("{r:?}");
}
