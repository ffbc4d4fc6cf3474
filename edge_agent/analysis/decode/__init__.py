"""Bus decoders from logic captures or analogue waveforms alike: UART, I²C, SPI, 1-Wire, WS2812, CAN."""
