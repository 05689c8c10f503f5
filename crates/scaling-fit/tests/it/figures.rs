//! Figures: stable bytes, real PNG, tables, and refusals.

use scaling_fit::plot::figures::{self, Labels, RuleOutcome};
use scaling_fit::plot::{Axis, Colour, Figure, Legend, Marker, Panel, Stroke};
use scaling_fit::{FitOptions, IsoRun, Law, Minimum, Points, fit, isoflop, window};

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

/// Writes a figure into the folder of `SCALING_FIT_FIGURES`, for looking at, and checks its three forms.
#[track_caller]
fn check(name: &str, figure: &Figure) {
    let svg = figure.to_svg().unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    assert!(figure.to_csv().lines().count() > 2, "{name}");
    if let Some(folder) = std::env::var_os("SCALING_FIT_FIGURES") {
        figure.write(std::path::Path::new(&folder), name).unwrap();
    }
}

#[test]
fn a_joint_study_has_slices_residuals_contours_frontier_ridge_and_isoflop_curves() {
    let truth = [482.0, 2085.43, 1.8172, 0.3478, 0.3658];
    let (mut n, mut d, mut loss, mut runs) = (vec![], vec![], vec![], vec![]);
    for budget in 0..5 {
        let compute = 6e18 * 4_f64.powi(budget);
        let best = Law::Joint.optimum(&truth, compute, 6.0).unwrap();
        for step in 0..7 {
            let size = best.parameters * 2_f64.powf(f64::from(step - 3) * 0.5);
            let tokens = compute / 6.0 / size;
            let wobble = 0.003 * (f64::from(budget * 7 + step) * 1.9).sin();
            let value = Law::Joint.loss(&truth, &[size, tokens]) * wobble.exp();
            n.push(size);
            d.push(tokens);
            loss.push(value);
            runs.push(IsoRun {
                compute,
                size,
                loss: value,
            });
        }
    }
    let points = Points::two(&n, &d, &loss);
    let found = fit(
        Law::Joint,
        &points,
        &FitOptions::default().bootstrap(200, 1),
    )
    .unwrap();
    let labels = Labels::new(&["parameters", "tokens"], "loss (nats per token)");
    check(
        "slices",
        &figures::slices(&found, &points, 0, &labels).unwrap(),
    );
    check(
        "residuals",
        &figures::residuals(&found, &points, &[3], &labels).unwrap(),
    );
    check(
        "contours",
        &figures::contours(&found, &points, 6.0, &labels).unwrap(),
    );
    check(
        "frontier",
        &figures::frontier(&found, 1e18, 1e24, 6.0).unwrap(),
    );
    check("ridge", &figures::ridge(&found, "A", "alpha").unwrap());
    let iso = isoflop(&runs, Minimum::Parabola).unwrap();
    assert_eq!(iso.budgets.len(), 5);
    check(
        "isoflop",
        &figures::isoflop(&runs, &iso, "parameters", "loss").unwrap(),
    );
    assert_eq!(
        figures::law(&found, &points, None, 10.0, &labels)
            .unwrap_err()
            .code(),
        "figure"
    );
    assert_eq!(
        figures::ridge(&found, "A", "gamma").unwrap_err().code(),
        "unknown_parameter"
    );
}

#[test]
fn a_study_in_one_resource_has_its_law_and_local_exponents() {
    let resource: Vec<f64> = (0..20).map(|i| 1e5 * 2_f64.powi(i)).collect();
    let loss: Vec<f64> = resource
        .iter()
        .enumerate()
        .map(|(i, r)| {
            Law::Saturating.loss(&[1.7, 400.0, 0.34], &[*r])
                * (0.004 * (i as f64 * 1.3).sin()).exp()
        })
        .collect();
    let all = Points::one(&resource, &loss);
    let fitted = all.select(&(0..15).collect::<Vec<_>>());
    let held = all.select(&(15..20).collect::<Vec<_>>());
    let found = fit(Law::Saturating, &fitted, &FitOptions::default()).unwrap();
    let labels = Labels::new(&["parameters"], "loss");
    check(
        "law",
        &figures::law(&found, &fitted, Some(&held), 30.0, &labels).unwrap(),
    );
    check(
        "local_exponents",
        &figures::local_exponents(&window(&all).unwrap(), &labels).unwrap(),
    );
}

#[test]
fn early_discard_has_its_figures_from_plain_numbers() {
    let curves: Vec<Vec<f64>> = (0..24)
        .map(|run| {
            let floor = 0.02 * 1.4_f64.powi(run);
            (1..=40)
                .map(|e| floor + (2.0 + 0.1 * f64::from(run)) * f64::from(e).powf(-1.1))
                .collect()
        })
        .collect();
    let kept: Vec<bool> = (0..24).map(|run| run < 5).collect();
    let early: Vec<f64> = curves.iter().map(|c| c[3]).collect();
    let last: Vec<f64> = curves.iter().map(|c| c[39]).collect();
    let rates: Vec<f64> = (0..24).map(|run| -4.0 + 0.1 * f64::from(run)).collect();
    check(
        "curves",
        &figures::learning_curves(&curves, &kept, 4.0, ("epoch", "training loss")).unwrap(),
    );
    let scatter = figures::predicted_against_true(
        &early,
        &last,
        Some((&rates, "log_{10} rate")),
        ("TSE after 4 epochs", "final loss"),
        "\u{3c1} = 1.00\n\u{3c4} = 1.00",
    );
    check("scatter", &scatter.unwrap());
    let outcomes: Vec<RuleOutcome> = [
        ("random", 0.094, 0.261),
        ("TSE", 0.084, 0.106),
        ("TSE", 0.183, 0.033),
        ("TSE-E", 0.084, 0.050),
        ("TSE-E", 0.14, 0.010),
        ("TSE-E", 0.271, 0.0028),
        ("successive halving", 0.111, 0.016),
        ("successive halving", 0.266, 0.004),
        ("median stopping", 0.661, 0.0),
    ]
    .into_iter()
    .map(|(rule, cost, regret)| RuleOutcome {
        rule: rule.into(),
        cost,
        regret,
    })
    .collect();
    check("regret", &figures::cost_against_regret(&outcomes).unwrap());
    assert!(figures::learning_curves(&curves, &kept[1..], 4.0, ("e", "l")).is_err());
}
