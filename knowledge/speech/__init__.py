"""Speech as text: recordings in Chinese, English and other languages, transcribed on this machine."""
