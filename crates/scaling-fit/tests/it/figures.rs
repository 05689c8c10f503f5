//! Figures: stable bytes, real PNG, tables, and refusals.

use scaling_fit::plot::{Axis, Colour, Figure, Legend, Marker, Panel, Stroke};

fn example() -> Figure {
    let x: Vec<f64> = (0..25)
        .map(|i| 1e5 * 10_f64.powf(f64::from(i) / 4.0))
        .collect();
    let y: Vec<f64> = x.iter().map(|r| 1.7 + 400.0 * r.powf(-0.34)).collect();
    let low: Vec<f64> = y.iter().map(|v| v * 0.96).collect();
    let high: Vec<f64> = y.iter().map(|v| v * 1.04).collect();
    let first = Panel::new(
        "law with band",
        Axis::log("parameters N"),
        Axis::log("loss (nats per token)"),
    )
    .shade(1e10, 1e12, "extrapolation", Colour::series(4).opacity(0.15))
    .band(
        "95 % band",
        &x,
        &low,
        &high,
        Colour::series(0).opacity(0.25),
    )
    .line(
        "E + a N^{\u{2212}b}",
        &x,
        &y,
        Colour::series(0),
        Stroke::Solid,
    )
    .points(
        "runs",
        &x[..21],
        &y[..21],
        Colour::series(1),
        Marker::Circle,
    )
    .points(
        "held out",
        &x[21..],
        &y[21..],
        Colour::series(2),
        Marker::OpenSquare,
    )
    .horizontal(1.7, "floor", Colour::series(6), Stroke::Dotted);
    let values: Vec<f64> = x.iter().map(|v| v.log10()).collect();
    let second = Panel::new("scatter", Axis::linear("epoch"), Axis::log("loss"))
        .coloured_points("runs", &values, &y, &values, "log10 rate")
        .vertical(7.0, "cut", Colour::series(1), Stroke::Dashed)
        .remark("\u{3c1} = 0.93");
    let third = Panel::new("beside", Axis::log("N"), Axis::linear("exponent"))
        .points("a longer name", &x, &low, Colour::series(0), Marker::Star)
        .error_bars("bars", &x, &y, &low, &high, Colour::series(3))
        .legend(Legend::Beside);
    Figure::grid(2, vec![first, second, third])
}

#[test]
fn equal_figures_give_equal_bytes() {
    assert_eq!(example().to_svg().unwrap(), example().to_svg().unwrap());
    assert_eq!(
        example().to_png(1.0).unwrap(),
        example().to_png(1.0).unwrap()
    );
}

#[test]
fn png_has_the_size_asked_for_and_svg_is_balanced() {
    let figure = example();
    let png = figure.to_png(2.0).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (1760, 1280));
    let svg = figure.to_svg().unwrap();
    assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    assert!(!svg.contains("NaN"));
    if let Some(folder) = std::env::var_os("SCALING_FIT_FIGURES") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("example.png"), &png).unwrap();
        std::fs::write(folder.join("example.svg"), svg).unwrap();
    }
}

#[test]
fn every_point_is_in_the_table() {
    let table = example().to_csv();
    assert_eq!(table.lines().count(), 1 + 25 * 6);
    assert!(table.starts_with("panel,series,kind,x,y,low,high,value\n"));
}

#[test]
fn a_panel_without_anything_to_show_is_refused() {
    let panel = Panel::new("empty", Axis::log("x"), Axis::log("y")).points(
        "zero",
        &[1.0, 2.0],
        &[0.0, -1.0],
        Colour::series(0),
        Marker::Circle,
    );
    let error = Figure::one(panel).to_svg().unwrap_err();
    assert_eq!(error.code(), "figure");
}
