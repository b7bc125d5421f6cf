"""Checks that the model has to pass: simulation, calibration, backtests, sensitivity.

The simulator is written apart from the model: it shares the table of priors and nothing else, so
that an error of the one is not hidden by the same error of the other.

====================  ==============================================================================
`prior_draws`         one draw from a prior, random walks between knots
`latent_truth`        a war as it was: rates, lethality, the missing, scopes
`measurement`         what each stream counts and how far it tends to be off
`publication`         what claimants publish: noise, bounds, ranges, rounding
`templates`           small made-up wars of mixed size
`misspecification`    what the model does not assume
`simulation`          `simulate`: all of it together
`tasks`               many fits, each kept, on all cores or on a cluster
`scores`              coverage, CRPS, log score, PIT of draws against an uncertain truth
`baselines`           simple forecasts to compare with
`backtest`            `backtest`: claims frozen by date against what became known
`calibration`         `calibrate`: simulation-based calibration
`predictive_checks`   posterior predictive checks per claimant; flags of a misspecified war
`variants`            claims, priors and components changed one at a time
`sensitivity`         `sensitivity`: which claims, priors and components the answer depends on
====================  ==============================================================================
"""
