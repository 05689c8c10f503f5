//! Profile intervals hold every value that fits nearly as well as the best.

use scaling_fit::{Constraint, FitOptions, Law, Method, Points, fit};

/// Losses that scatter by ten times the default Huber threshold, so that the objective has a kink at every row.
const NOISY: [[f64; 3]; 14] = [
    [1025.0, 4.0, 1_180.592_567],
    [1025.0, 6.0, 1_194.037_344],
    [1025.0, 8.0, 1_182.650_567],
    [1025.0, 12.0, 1_172.250_410],
    [3521.0, 4.0, 1_158.355_361],
    [3521.0, 6.0, 1_155.680_536],
    [3521.0, 8.0, 1_154.511_651],
    [3521.0, 12.0, 1_152.859_261],
    [6897.0, 4.0, 1_146.036_007],
    [6897.0, 6.0, 1_139.797_008],
    [6897.0, 8.0, 1_140.906_327],
    [6897.0, 12.0, 1_140.426_739],
    [1025.0, 4.0, 1_216.267_945],
    [1025.0, 8.0, 1_218.278_646],
];

#[test]
fn no_value_that_fits_nearly_as_well_lies_outside_a_profile_interval() {
    let column = |k: usize| NOISY.map(|row| row[k]);
    let points = Points::two(&column(0), &column(1), &column(2));
    let best = fit(Law::Joint, &points, &FitOptions::default()).unwrap();
    for name in ["alpha", "beta"] {
        let interval = best.interval(name, Method::Profile).expect("an interval");
        let rise = |value: f64| {
            let options = FitOptions::default()
                .constrain(Constraint::fixed(name, value))
                .estimate_only();
            fit(Law::Joint, &points, &options).unwrap().value - best.value
        };
        let estimate = best.value_of(name).unwrap();
        let ends: Vec<f64> = [interval.lower, interval.upper]
            .into_iter()
            .flatten()
            .collect();
        let limit = ends.iter().map(|end| rise(*end)).fold(0.0, f64::max);
        assert!(limit > 0.0, "{name}: {interval:?} around {estimate}");
        for share in [0.1, 0.3, 0.6, 0.9, 0.99, 1.01, 1.1, 1.5, 3.0] {
            let value = share * estimate;
            assert!(
                interval.contains(value) || rise(value) > 0.99 * limit,
                "{name} = {value} rises by {} of {limit}, outside {interval:?}",
                rise(value)
            );
        }
    }
}
