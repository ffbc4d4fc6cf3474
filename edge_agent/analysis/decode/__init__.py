"""Bus decoders on logic edges: UART, I²C and SPI, vectorised, from logic captures or analogue waveforms alike."""
