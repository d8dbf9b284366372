"""Text in pictures: scanned pages and images, Chinese and English, read on this machine."""
