"""What a newcomer needs to see the house at work: embedded servers and a made-up operator."""
