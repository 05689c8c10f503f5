//! The i-PI protocol with a server in this process.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::net::UnixListener,
    thread,
};

use atoms::{
    Structure,
    units::{BOHR, HARTREE},
};
use equivariant_gnn::{
    Evaluation, Result,
    ipi::{Address, Served, serve},
};

use super::{calculator, fresh, some_molecule, springs};

/// The server's side of the protocol, as i-PI and ASE speak it.
struct Server<S>(S);

impl<S: Read + Write> Server<S> {
    fn say(&mut self, command: &str) {
        self.0
            .write_all(format!("{command:<12}").as_bytes())
            .unwrap();
    }

    fn hear(&mut self) -> String {
        let mut bytes = [0; 12];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes.to_vec()).unwrap().trim().to_owned()
    }

    fn send(&mut self, numbers: &[f64]) {
        for x in numbers {
            self.0.write_all(&x.to_ne_bytes()).unwrap();
        }
    }

    fn numbers(&mut self, count: usize) -> Vec<f64> {
        let mut bytes = vec![0; 8 * count];
        self.0.read_exact(&mut bytes).unwrap();
        let each = bytes.as_chunks::<8>().0.iter();
        each.map(|b| f64::from_ne_bytes(*b)).collect()
    }

    fn integer(&mut self) -> i32 {
        let mut bytes = [0; 4];
        self.0.read_exact(&mut bytes).unwrap();
        i32::from_ne_bytes(bytes)
    }

    fn ask_status(&mut self) -> String {
        self.say("STATUS");
        self.hear()
    }

    fn initialise(&mut self) {
        assert_eq!(self.ask_status(), "NEEDINIT");
        self.say("INIT");
        self.0.write_all(&0_i32.to_ne_bytes()).unwrap();
        self.0.write_all(&3_i32.to_ne_bytes()).unwrap();
        self.0.write_all(b"abc").unwrap();
    }

    fn send_positions(&mut self, structure: &Structure) {
        self.say("POSDATA");
        let cell = structure.cell.unwrap_or_default();
        // The vectors are columns; the inverse is sent and never looked at.
        let columns: Vec<f64> = (0..9).map(|k| cell[k % 3][k / 3] / BOHR).collect();
        self.send(&columns);
        self.send(&[0.0; 9]);
        let atoms = i32::try_from(structure.len()).unwrap();
        self.0.write_all(&atoms.to_ne_bytes()).unwrap();
        let positions: Vec<f64> = structure
            .positions
            .as_flattened()
            .iter()
            .map(|x| x / BOHR)
            .collect();
        self.send(&positions);
    }

    /// Energy (eV), forces (eV/Å) and virial −∂E/∂ε (eV).
    fn evaluate(&mut self, structure: &Structure) -> (f64, Vec<f64>, Vec<f64>) {
        assert_eq!(self.ask_status(), "READY");
        self.send_positions(structure);
        assert_eq!(self.ask_status(), "HAVEDATA");
        self.say("GETFORCE");
        assert_eq!(self.hear(), "FORCEREADY");
        let energy = self.numbers(1)[0] * HARTREE;
        let atoms = self.integer();
        assert_eq!(usize::try_from(atoms), Ok(structure.len()));
        let forces = self.numbers(3 * structure.len());
        let forces = forces.iter().map(|x| x * HARTREE / BOHR).collect();
        let virial = self.numbers(9).iter().map(|x| x * HARTREE).collect();
        let text = self.integer();
        let mut rest = vec![0; usize::try_from(text).unwrap()];
        self.0.read_exact(&mut rest).unwrap();
        (energy, forces, virial)
    }
}

#[track_caller]
fn close(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        // Two conversions of units, each to a rounding.
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} for {b}");
    }
}

/// Evaluates two structures over a connection and compares with direct calls.
fn converse(stream: impl Read + Write, structures: &[Structure]) {
    let mut server = Server(stream);
    server.initialise();
    let potential = fresh(1);
    for structure in structures {
        let (energy, forces, virial) = server.evaluate(structure);
        let direct = potential.evaluate(structure).unwrap();
        close(&[energy], &[direct.energy]);
        close(&forces, direct.forces.as_flattened());
        let volume = structure.volume().unwrap_or(0.0);
        let stress = direct.stress.unwrap_or_default();
        let expected: Vec<f64> = stress.as_flattened().iter().map(|x| -x * volume).collect();
        close(&virial, &expected);
    }
    server.say("EXIT");
}

/// A skewed crystal and the same under strain.
fn crystals() -> [Structure; 2] {
    let sample = backend::testing::crystal(5);
    let structure = Structure {
        species: sample.species,
        positions: sample.positions,
        cell: sample.cell,
        periodic: [true; 3],
        ..Structure::default()
    };
    let mut strained = structure.clone();
    let scale = |x: &mut [f64; 3]| x[0] = 1.02 * x[0] + 0.01 * x[1];
    strained.positions.iter_mut().for_each(scale);
    strained.cell.iter_mut().flatten().for_each(scale);
    [structure, strained]
}

fn client(address: &Address, structure: &Structure) -> Result<Served> {
    let mut calls = 0;
    let mut field = calculator(fresh(1));
    let served = serve(address, structure, &mut field, &mut |_, _| calls += 1)?;
    assert_eq!(served.evaluations, calls);
    Ok(served)
}

#[test]
fn a_molecule_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let structures = [some_molecule(1), {
        let mut moved = some_molecule(1);
        moved.positions[0][0] += 0.05;
        moved
    }];
    let server = thread::spawn({
        let structures = structures.clone();
        move || converse(listener.accept().unwrap().0, &structures)
    });
    let served = client(&Address::Unix(path), &structures[0]).unwrap();
    server.join().unwrap();
    assert_eq!(served.evaluations, 2);
}

#[test]
fn a_crystal_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let structures = crystals();
    let server = thread::spawn({
        let structures = structures.clone();
        move || converse(listener.accept().unwrap().0, &structures)
    });
    let address = Address::Tcp {
        host: "127.0.0.1".into(),
        port,
    };
    let served = client(&address, &structures[0]).unwrap();
    server.join().unwrap();
    assert_eq!(served.evaluations, 2);
}

/// What a client says of a server that does something else after the first greeting.
fn complaint(misbehave: impl FnOnce(&mut Server<std::net::TcpStream>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
    };
    let server = thread::spawn(move || {
        let mut server = Server(listener.accept().unwrap().0);
        server.initialise();
        misbehave(&mut server);
    });
    let mut field = |structure: &Structure| -> Result<Evaluation> {
        structure
            .validate()
            .map_err(|source| equivariant_gnn::Error::Structure {
                index: 0,
                formula: structure.formula(),
                source,
            })?;
        springs::energy_and_forces(structure)
    };
    let result = serve(&address, &springs::water(), &mut field, &mut |_, _| {});
    server.join().unwrap();
    let Err(error) = result else {
        return String::new();
    };
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[test]
fn servers_that_misbehave_are_told_from_those_that_leave() {
    assert_eq!(complaint(|_| {}), "");
    let text = complaint(|server| server.say("HELLO"));
    assert!(text.contains("HELLO"), "{text}");
    let text = complaint(|server| server.say("GETFORCE"));
    assert!(text.contains("GETFORCE before POSDATA"), "{text}");
    let text = complaint(|server| server.0.write_all(b"STAT").unwrap());
    assert!(text.contains("127.0.0.1"), "{text}");
    let text = complaint(|server| server.send_positions(&some_molecule(1)));
    assert!(text.contains("6 atoms") && text.contains("has 3"), "{text}");
    let text = complaint(|server| {
        let mut broken = springs::water();
        broken.positions[1][2] = f64::NAN;
        server.send_positions(&broken);
    });
    assert!(text.contains("atom 1"), "{text}");
    let nobody = Address::Unix("/no/such/socket".into());
    let error = serve(
        &nobody,
        &springs::water(),
        &mut springs::energy_and_forces,
        &mut |_, _| {},
    );
    assert!(error.unwrap_err().to_string().contains("/no/such/socket"));
    assert_eq!(Address::unix_name("x").to_string(), "/tmp/ipi_x");
}
