"""Evaluation of the model: simulation, calibration, backtests, sensitivity.

The simulator shares the table of priors with the model and no code, so that an error in one is not
hidden by the same error in the other.

====================  ==============================================================================
`prior_draws`         draws from the priors, random walks between knots
`latent_truth`        latent losses: rates, lethality, the missing, scopes
`measurement`         measurement model: definitions, biases, coverage, delays
`figure_noise`        errors of figures, and the slack of bounds
`publication`         published figures: noise, bounds, ranges, rounding
`compared_figures`    figures that count no losses: ratios, overlaps, fates, declarations
`templates`           templates of artificial wars of mixed size
`further_evidence`    kinds of evidence beside counts in artificial wars
`claim_template`      templates from the claims of a conflict
`misspecification`    departures from the model's assumptions
`departures`          departures of all streams at once, by size
`unmarked_relays`     third parties that repeat others' totals without saying so
`simulation`          `simulate`: a war and its claims
`tasks`               many fits, stored and resumable, on all cores or on a cluster
`scores`              coverage, CRPS, log and interval score, PIT against an uncertain truth
`baselines`           figures published by a date, and rules of thumb
`dated_truth`         rows of the truth that are due at a date
`dated_scores`        fits on the claims of one date, and their scores
`backtest`            `backtest`: claims frozen by date, scored against later evidence
`wars`                past wars, fitted at several dates without their own cluster of history
`war_tables`          summaries of their scores, and the scores that are kept for reports
`pairs`               pairs of claim and truth of wars without a conflict folder
`dated_totals`        means and variances of totals and yearly flows at several dates
`revisions`           `revisions`: revisions by later evidence, against what intervals promise
`calibration`         `calibrate`: simulation-based calibration
`arms`                `score_arms`: the same on wars of another make, in arms of fixed size
`posterior_sbc`       `posterior_sbc`: simulation-based calibration of one fit
`targets`             targets of the arms
`kept`                results of long runs that are kept for reports
`predictive_checks`   posterior predictive checks by stream; tests for misspecification
`variants`            claims, priors and components changed one at a time
`sensitivity`         `sensitivity`: totals under other claims, priors and components
`sensitivity_text`    the same in words
`assumptions`         assumptions that a reader may change, with their words
`reweighting`         totals between refits, by importance weights of their draws
`expected_widths`     widths of totals that a claim would leave, before its number is known
`next_claim`          `next_claims`: which claim would narrow each total most
`explanation`         the draws of refits under other assumptions, and totals from them
`explain`             `explain`: headline totals under other assumptions
====================  ==============================================================================
"""
