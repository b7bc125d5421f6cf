"""Commands that judge the model: simulate, calibrate, backtest, sensitivity."""
