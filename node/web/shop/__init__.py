"""What the vendor's pages show, as frozen views: reads only, no words and no HTML."""
