"""What a newcomer needs to see the installation at work: embedded servers and a made-up operator."""
