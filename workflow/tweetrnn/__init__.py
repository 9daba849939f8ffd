"""SimpleRNN and LSTM networks on the sentiment of travelers' tweets, one module per stage."""
