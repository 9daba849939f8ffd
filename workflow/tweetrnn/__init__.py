"""SimpleRNN and LSTM networks on travelers' tweets: a folder of modules for each rule file."""
